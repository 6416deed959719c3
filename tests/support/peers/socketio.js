// socket.io: a room for each author; POST /publish?author=N sends the body to the room.
"use strict";
const http = require("http");
const { Server } = require("socket.io");

const AUTHORS = 8;
const tokens = new Set(Array.from({ length: 10000 }, (_, n) => `token${n}`));
const server = http.createServer((request, response) => {
  if (request.url.startsWith("/socket.io")) return;
  const author = Number(new URL(request.url, "http://x").searchParams.get("author"));
  const pieces = [];
  request.on("data", (piece) => pieces.push(piece));
  request.on("end", () => {
    io.to(`author${author}`).emit("post", Buffer.concat(pieces).toString());
    response.writeHead(204).end();
  });
});
const io = new Server(server, { transports: ["websocket"], perMessageDeflate: false, pingInterval: 300000 });
io.use((socket, next) => next(tokens.has(socket.handshake.query.token) ? undefined : new Error("token")));
io.on("connection", (socket) => {
  for (let n = 0; n < AUTHORS; n++) socket.join(`author${n}`);
});
server.listen(0, "127.0.0.1", () => console.log(JSON.stringify({ url: `http://127.0.0.1:${server.address().port}` })));
