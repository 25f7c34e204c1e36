// Reads commands as JSON lines, `{command, properties, message}`, and prints each as GitHub's own
// library writes it. Given what agentsess meant, the two must agree to the byte.
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";

const { issueCommand } = await import(pathToFileURL(process.argv[2]));
for await (const line of createInterface({ input: process.stdin })) {
  const { command, properties, message } = JSON.parse(line);
  issueCommand(command, properties, message);
}
