/** Mends results on their way from the driver to Prisma's adapter. */
import pg from "pg";
import { refusesAny } from "./sql-script.js";

/** Type id of `"char"`, the single byte of the catalogs; not to be confused with char(n). */
const CHAR_OID = 18;

/** The classes of what a server says before it hangs up: shutdown, crash, a limit of the session, a broken protocol. */
const ENDS_SESSION = /^(57P|25P0[34]|08)/;

const INSUFFICIENT_PRIVILEGE = "42501";

/** What has to be seen of the protocol itself. One connection and one statement at a time, so a field will do. */
export class Wire {
  /** Columns of the last result whose type was `"char"`; they are passed on as text. */
  charColumns: number[] = [];
  /** Why the connection ended before its time. The engine would tell in words only, or try another one. */
  lost: Error | null = null;
  /** Why the server would not do something that the engine asked for, which tells it in words only. */
  refused: Error | null = null;

  watch(client: pg.ClientBase): void {
    const { connection } = client as unknown as { connection: NodeJS.EventEmitter };
    connection.prependListener("errorMessage", (error: pg.DatabaseError) => {
      if (refusesAny(error) || error.code === INSUFFICIENT_PRIVILEGE) {
        this.refused = error;
      }
      if (ENDS_SESSION.test(error.code ?? "")) {
        this.lost ??= error;
      }
    });
    client.on("error", (error: Error) => {
      this.lost ??= error;
    });
    connection.prependListener("rowDescription", (message: { fields: { dataTypeID: number }[] }) => {
      this.charColumns = [];
      for (const [index, field] of message.fields.entries()) {
        if (field.dataTypeID === CHAR_OID) {
          field.dataTypeID = pg.types.builtins.TEXT;
          this.charColumns.push(index);
        }
      }
    });
  }
}
