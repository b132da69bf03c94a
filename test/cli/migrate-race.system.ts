/** `vocabdb migrate` by ten processes at once on an empty database, again and again: a race shows itself seldom. */
import { it } from "../support/database.js";
import { expectOneOfTenApplies } from "../support/migrating.js";

const ROUNDS = Array.from({ length: 20 }, (_, index) => index + 1);

it.for(ROUNDS)("round %i: exactly one applies, and all succeed", (_, { emptyDb }) => expectOneOfTenApplies(emptyDb));
