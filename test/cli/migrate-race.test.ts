/** `vocabdb migrate` by ten processes at once on an empty database. Twenty rounds of it are a system test. */
import { it } from "../support/database.js";
import { expectOneOfTenApplies } from "../support/migrating.js";

it.for([1, 2])("round %i: exactly one applies, and all succeed", (_, { emptyDb }) => expectOneOfTenApplies(emptyDb));
