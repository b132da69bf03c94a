/** `vocabdb migrate` by ten processes at once on an empty database. More rounds of it are an experiment of test/faults. */
import { it } from "../support/database.js";
import { expectOneOfTenApplies } from "../support/migrating.js";

it.for([1, 2])("round %i: exactly one applies, and all succeed", (_, { emptyDb }) => expectOneOfTenApplies(emptyDb));
