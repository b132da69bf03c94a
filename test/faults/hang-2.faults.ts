/** The server hangs under the other half. */
import { tryHanging } from "./hang.js";

tryHanging("second");
