// A client of the official TypeScript SDK of the Model Context Protocol; prints what it was answered as JSON.
// Called with an address and a token, or with a command that serves over standard input and output.
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";

const [first, ...rest] = process.argv.slice(2);
const transport = first.startsWith("http")
  ? new StreamableHTTPClientTransport(new URL(first), {
      requestInit: { headers: { Authorization: `Bearer ${rest[0]}` } },
    })
  : new StdioClientTransport({ command: first, args: rest });
const client = new Client({ name: "test", version: "1" });
await client.connect(transport);
const call = async (name, given) => {
  const result = await client.callTool({ name, arguments: given });
  return { text: result.content[0].text, is_error: result.isError ?? false };
};
console.log(
  JSON.stringify({
    server: client.getServerVersion().name,
    tools: (await client.listTools()).tools.map((tool) => tool.name).sort(),
    prompts: (await client.listPrompts()).prompts.map((prompt) => prompt.name).sort(),
    listed: await call("list_issues", {}),
    shown: await call("get_issue", { issue: "SHOP-1" }),
    wrong: await call("get_issue", {}),
    resolved: await call("update_issue", { issue: "SHOP-1", action: "resolve" }),
  }),
);
await client.close();
