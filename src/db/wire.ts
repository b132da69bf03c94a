/** Mends results on their way from the driver to Prisma's adapter. */
import pg from "pg";

/** Type id of `"char"`, the single byte of the catalogs; not to be confused with char(n). */
const CHAR_OID = 18;

/** What has to be seen of the protocol itself. One connection and one statement at a time, so a field will do. */
export class Wire {
  /** Columns of the last result whose type was `"char"`; they are passed on as text. */
  charColumns: number[] = [];

  watch(client: pg.ClientBase): void {
    const { connection } = client as unknown as { connection: NodeJS.EventEmitter };
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
