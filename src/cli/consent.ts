/** Asks for the name of what would go, where somebody sits who can type it. */
import { type Consent, VocabdbError } from "../errors/base.js";

/**
 * Does the work, which refuses by itself what nobody has confirmed. On a refusal the name is asked for, and the work
 * begins anew with it: nothing is open or locked while somebody thinks. Who gave names beforehand is asked for no
 * further ones; one of them may be wrong.
 *
 * @param ask whether somebody typed the name
 */
export async function withConsent<R>(
  given: readonly string[],
  ask: (consent: Consent) => Promise<boolean>,
  work: (confirmed: readonly string[]) => Promise<R>,
): Promise<R> {
  let confirmed = given;
  for (;;) {
    try {
      return await work(confirmed);
    } catch (error) {
      const consent = error instanceof VocabdbError ? error.consent : null;
      if (consent === null || given.length > 0 || confirmed.includes(consent.name) || !(await ask(consent))) {
        throw error;
      }
      confirmed = [...confirmed, consent.name];
    }
  }
}
