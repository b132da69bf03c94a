/** `npm run test:fuzz`: input that nobody would think of, into every parser and the whole command line. */
import { experiments } from "./vitest.experiments.js";

export default experiments("test/fuzz/**/*.fuzz.ts");
