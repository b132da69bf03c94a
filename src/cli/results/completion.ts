/** What `vocabdb completion` prints with `--json`. */
import * as z from "zod";
import { SHELLS } from "../completion/scripts.js";

export const scriptPrinted = z.object({ shell: z.enum(SHELLS), script: z.string() });
