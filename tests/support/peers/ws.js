// node ws: a server whose sockets follow authors; POST /publish?author=N sends the body to who follows N.
"use strict";
const http = require("http");
const { WebSocketServer } = require("ws");

const AUTHORS = 8;
const tokens = new Set(Array.from({ length: 10000 }, (_, n) => `token${n}`));
const sockets = new Set();

const server = http.createServer((request, response) => {
  const author = Number(new URL(request.url, "http://x").searchParams.get("author"));
  const pieces = [];
  request.on("data", (piece) => pieces.push(piece));
  request.on("end", () => {
    const body = Buffer.concat(pieces);
    for (const socket of sockets) if (socket.follows.has(author)) socket.send(body);
    response.writeHead(204).end();
  });
});
const wss = new WebSocketServer({ noServer: true, perMessageDeflate: false });
server.on("upgrade", (request, connection, head) => {
  const token = new URL(request.url, "http://x").searchParams.get("token");
  if (!tokens.has(token)) return connection.destroy();
  wss.handleUpgrade(request, connection, head, (socket) => {
    socket.follows = new Set(Array.from({ length: AUTHORS }, (_, n) => n));
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
});
server.listen(0, "127.0.0.1", () => console.log(JSON.stringify({ url: `http://127.0.0.1:${server.address().port}` })));
