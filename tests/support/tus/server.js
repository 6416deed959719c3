// A tus server that we did not write (npm @tus/server): node server.js FOLDER. It says its address when it listens.
import { createServer } from "node:http";
import { FileStore } from "@tus/file-store";
import { Server } from "@tus/server";

const [folder] = process.argv.slice(2);
const tus = new Server({ path: "/api/v1/uploads", datastore: new FileStore({ directory: folder }) });
const server = createServer((request, response) => tus.handle(request, response));
server.listen(0, "127.0.0.1", () => {
  console.log(JSON.stringify({ url: `http://127.0.0.1:${server.address().port}` }));
});
