/** The server hangs under the first half of the commands. */
import { tryHanging } from "./hang.js";

tryHanging("first");
