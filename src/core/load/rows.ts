/** From the cells of a record to the values of a row, or to the reasons why it cannot be one. */
import type { Layout, TextRecord } from "./records.js";
import type { Fault } from "./rejects.js";
import { type Defaults, type Field, fieldsOf, Refusal, type Shape } from "./shape.js";

export interface Row {
  /** By field of the shape. Overwritten with the next row. */
  readonly values: readonly (string | null)[];
  /** A bit for each field of the content that neither the record nor the run says anything about. */
  readonly absent: number;
}

export type RowReader = (record: TextRecord) => Row | readonly Fault[];

/** @returns a function for the records of one layout, made for millions of calls */
export function rowReader(shape: Shape, layout: Layout, defaults: Defaults): RowReader {
  const fields = fieldsOf(shape).map((field: Field, index) => ({
    parse: field.parse,
    emptyIsAbsent: field.emptyIsAbsent === true,
    position: layout.position[index] ?? -1,
    fallback: defaults[field.name],
    absentBit: index < shape.key.length || field.required ? 0 : 1 << (index - shape.key.length),
  }));
  const row: { values: (string | null)[]; absent: number } = { values: fields.map(() => null), absent: 0 };
  return (record) => {
    if (record.problem !== null) {
      return [faultOf(record, layout)];
    }
    row.absent = 0;
    let faults: Fault[] | null = null;
    for (let index = 0; index < fields.length; index += 1) {
      const field = fields[index] as (typeof fields)[number];
      let cell = field.position === -1 ? undefined : record.cells[field.position];
      if (field.fallback !== undefined && (cell === undefined || cell.trim() === "")) {
        cell = field.fallback;
      }
      if (cell === undefined && field.absentBit !== 0) {
        row.values[index] = null;
        row.absent |= field.absentBit;
        continue;
      }
      const value = field.parse(cell ?? "");
      if (value instanceof Refusal) {
        faults ??= [];
        faults.push(cellFault(field.position, index, layout, shape, value.reason));
      } else {
        row.values[index] = value;
        if (value === null && field.emptyIsAbsent) {
          row.absent |= field.absentBit;
        }
      }
    }
    if (faults === null && shape.check !== undefined) {
      const fault = shape.check(row.values.slice(shape.key.length));
      if (fault !== null) {
        const index = fieldsOf(shape).findIndex(({ name }) => name === fault.field);
        return [cellFault(layout.position[index] ?? -1, index, layout, shape, fault.reason)];
      }
    }
    return faults ?? row;
  };
}

function cellFault(position: number, index: number, layout: Layout, shape: Shape, reason: string): Fault {
  const cell = position === -1 ? null : position;
  const field = layout.headers[position] ?? fieldsOf(shape)[index]?.name ?? null;
  return { cell, field, code: "INVALID_CELL", reason, offset: null };
}

function faultOf({ problem, cells }: TextRecord, { headers }: Layout): Fault {
  const { code = "", reason = "", cell = null, offset = null, hint } = problem ?? {};
  const isNamed = cell !== null && cells.length === headers.length;
  return { cell, field: isNamed ? (headers[cell] ?? null) : null, code, reason, offset, hint };
}
