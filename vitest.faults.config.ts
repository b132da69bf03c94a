/** `npm run test:faults`: commands that are killed, that lose their server, and that meet each other. */
import { experiments } from "./vitest.experiments.js";

export default experiments("test/faults/**/*.faults.ts");
