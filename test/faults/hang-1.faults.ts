import { tryHanging } from "./hang.js";

tryHanging("first");
