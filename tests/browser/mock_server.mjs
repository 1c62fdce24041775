// mock_server.mjs - the lab's server without glass: rooms, a scripted trace, and a stop button.
//
// It is for page tests that need a server which behaves in a chosen way, and for work on the page
// without a compiled glass: node mock_server.mjs [port]
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { WebSocketServer } from 'ws';

const PAGE = path.resolve(import.meta.dirname, '../../demo/page');
const TYPES = { '.html': 'text/html', '.css': 'text/css', '.js': 'text/javascript', '.svg': 'image/svg+xml' };
const POLICY = "default-src 'self'; base-uri 'none'; frame-ancestors 'none'";

/**
 * Serves the page. `trace` gives the events that a new trace socket gets; with `oneRoom` everybody
 * lands in the same room, as no honest server would do it.
 */
export async function startMock({ port = 0, trace = () => [], oneRoom = false } = {}) {
  const rooms = new Map();  // room -> Map(id -> { socket, name })
  let running = true;
  let nextId = 1;

  const server = http.createServer((request, response) => {
    const where = new URL(request.url, 'http://x').pathname;
    response.setHeader('Content-Security-Policy', POLICY);
    if (where === '/api/status') {
      response.setHeader('Content-Type', 'application/json');
      return response.end(JSON.stringify({ version: 'mock', signaling: running ? 'running' : 'stopped', stun: '' }));
    }
    if (request.method === 'POST' && where === '/api/signaling/stop') {
      running = false;
      for (const room of rooms.values()) {
        for (const peer of room.values()) {
          peer.socket.send(JSON.stringify({ type: 'stopping' }));
          peer.socket.close();
        }
      }
      return response.end('{}');
    }
    if (request.method === 'POST' && where === '/api/signaling/start') {
      running = true;
      return response.end('{}');
    }
    const file = path.join(PAGE, where === '/' ? 'index.html' : path.posix.normalize(where));
    const type = TYPES[path.extname(file)];
    if (!type || !fs.existsSync(file)) {
      response.statusCode = 404;
      return response.end();
    }
    response.setHeader('Content-Type', type);
    fs.createReadStream(file).pipe(response);
  });

  const sockets = new WebSocketServer({ noServer: true });
  server.on('upgrade', (request, socket, head) => {
    const where = new URL(request.url, 'http://x');
    if (where.pathname === '/signal' && !running) return socket.end('HTTP/1.1 503 Service Unavailable\r\n\r\n');
    sockets.handleUpgrade(request, socket, head, (ws) => (where.pathname === '/signal' ? onSignal(ws) : onTrace(ws)));
  });

  function onTrace(ws) {
    for (const event of trace()) ws.send(JSON.stringify(event));
  }

  function onSignal(ws) {
    const id = `p${nextId++}`;
    let room;
    const others = (message) => {
      for (const [other, peer] of room ?? []) if (other !== id) peer.socket.send(JSON.stringify(message));
    };
    const leave = () => {
      if (!room?.delete(id)) return;
      others({ type: 'peer-left', id });
    };
    ws.on('close', leave);
    ws.on('message', (data) => {
      const message = JSON.parse(String(data));
      if (message.type === 'join') {
        const name = oneRoom ? 'one' : message.room;
        if (!rooms.has(name)) rooms.set(name, new Map());
        room = rooms.get(name);
        const peers = [...room].map(([other, peer]) => ({ id: other, name: peer.name }));
        room.set(id, { socket: ws, name: message.name });
        ws.send(JSON.stringify({ type: 'joined', id, peers }));
        return others({ type: 'peer-joined', id, name: message.name });
      }
      if (message.type === 'leave') return leave();
      if (message.type === 'invite-glass') {
        return ws.send(JSON.stringify({ type: 'error', code: 'no-glass', text: 'this server has no glass peer' }));
      }
      const { to, ...rest } = message;
      room?.get(to)?.socket.send(JSON.stringify({ ...rest, from: id }));
    });
  }

  await new Promise((resolve) => server.listen(port, '127.0.0.1', () => resolve(undefined)));
  return {
    url: `http://localhost:${server.address().port}/`,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

if (process.argv[1] === import.meta.filename) {
  console.log((await startMock({ port: Number(process.argv[2] ?? 8080) })).url);
}
