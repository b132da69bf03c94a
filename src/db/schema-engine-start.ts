/** The start of Prisma's schema engine: its code is read, its WebAssembly compiled, and the database shown to it. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { bindMigrationAwareSqlAdapterFactory } from "@prisma/driver-adapter-utils";
import * as bindings from "@prisma/schema-engine-wasm/schema_engine_bg";
import type { EngineAdapterFactory } from "./engine-adapter.js";

/** @param datamodel the content of schema.prisma */
export function startSchemaEngine(datamodel: string, factory: EngineAdapterFactory): Promise<bindings.SchemaEngine> {
  loadEngine();
  return bindings.SchemaEngine.new(
    { datamodels: [["schema.prisma", datamodel]] },
    () => {},
    bindMigrationAwareSqlAdapterFactory(factory),
  );
}

let loaded = false;

/** The package's own entry imports the .wasm file as a module, which Node 20 cannot. */
function loadEngine(): void {
  if (loaded) {
    return;
  }
  const glue = createRequire(import.meta.url).resolve("@prisma/schema-engine-wasm/schema_engine_bg");
  const module = new WebAssembly.Module(readFileSync(join(dirname(glue), "schema_engine_bg.wasm")));
  const instance = new WebAssembly.Instance(module, { "./schema_engine_bg.js": bindings });
  bindings.__wbg_set_wasm(instance.exports);
  (instance.exports.__wbindgen_start as () => void)();
  // The engine calls this when it panics. Thrown from here the message survives; the engine would trap without one.
  Object.assign(globalThis, {
    PRISMA_WASM_PANIC_REGISTRY: {
      set_message(message: string): never {
        throw new Error(`Prisma's schema engine panicked: ${message}`);
      },
    },
  });
  loaded = true;
}
