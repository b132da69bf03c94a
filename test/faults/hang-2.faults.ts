import { tryHanging } from "./hang.js";

tryHanging("second");
