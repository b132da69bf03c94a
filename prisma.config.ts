/** For Prisma's own command line in a checkout: `prisma generate`, `prisma studio`, `prisma db seed`. */
import { existsSync } from "node:fs";
import { loadEnvFile } from "node:process";
import { defineConfig } from "prisma/config";

// Prisma 7 reads no .env by itself.
if (existsSync(".env")) {
  loadEnvFile(".env");
}

export default defineConfig({
  schema: "prisma/schema.prisma",
  migrations: {
    path: "prisma/migrations",
    seed: "node bin/vocabdb.js seed",
  },
  // Not needed by `generate`, so it may be absent there; migrations want a session of their own.
  datasource: { url: process.env.DIRECT_URL ?? process.env.DATABASE_URL ?? "" },
});
