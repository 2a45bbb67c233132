// Reads a JSON list of modelSpecs sections and says of each what LibreChat's own schema makes of it.
const { readFileSync } = require('node:fs');
const { specsConfigSchema } = require('librechat-data-provider');

const sections = JSON.parse(readFileSync(0, 'utf8'));
const results = sections.map((section) => {
  const { success, data, error } = specsConfigSchema.safeParse(section);
  return success ? { list: data.list } : { paths: error.issues.map(({ path }) => path) };
});
process.stdout.write(JSON.stringify(results));
