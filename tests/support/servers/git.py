"""Git over http as hosts of repositories serve it: nginx with passwords, fcgiwrap and
git-http-backend, on 127.0.0.1. What breaks on the way is played by `CutLine`."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any, List, Optional

import pytest

from support.waiting import until

_NGINX = shutil.which("nginx") or "/usr/sbin/nginx"
_FCGIWRAP = shutil.which("fcgiwrap") or "/usr/sbin/fcgiwrap"
_NEEDED = "git over http needs nginx and fcgiwrap (apt-get install nginx-light fcgiwrap)"

# Beginnings of paths: git/ has the repositories; moved/ and elsewhere/ redirect there, on this host
# and on another; page/, site/ and sso/ are login pages (one line, several, at another address);
# closed/ and busy/ refuse.
_CONFIG = """
daemon off; master_process off; pid {folder}/nginx.pid; error_log {folder}/errors.log;
events {{ worker_connections 64; }}
http {{
  log_format tests "$host $request_method $request_uri $http_authorization";
  access_log {folder}/access.log tests; default_type text/html;
  client_body_temp_path {folder}/t1; fastcgi_temp_path {folder}/t2; proxy_temp_path {folder}/t3;
  uwsgi_temp_path {folder}/t4; scgi_temp_path {folder}/t5;
  server {{
    listen 127.0.0.1:{port};
    location ~ ^/git(/.*)$ {{
      auth_basic "git"; auth_basic_user_file {folder}/passwords;
      client_max_body_size 0;
      fastcgi_param SCRIPT_FILENAME {backend};
      fastcgi_param GIT_HTTP_EXPORT_ALL ""; fastcgi_param GIT_PROJECT_ROOT {root};
      fastcgi_param PATH_INFO $1; fastcgi_param REMOTE_USER $remote_user;
      fastcgi_param QUERY_STRING $query_string; fastcgi_param REQUEST_METHOD $request_method;
      fastcgi_param CONTENT_TYPE $content_type; fastcgi_param CONTENT_LENGTH $content_length;
      fastcgi_param HTTP_GIT_PROTOCOL $http_git_protocol;
      fastcgi_pass unix:{folder}/fcgi.sock;
    }}
    location /moved/ {{ rewrite ^/moved(/.*)$ http://127.0.0.1:{port}/git$1 permanent; }}
    location /elsewhere/ {{ rewrite ^/elsewhere(/.*)$ http://localhost:{port}/git$1 redirect; }}
    location /page/ {{ return 200 "<html><title>Log in</title></html>"; }}
    location /site/ {{ return 200 "<html>\n<title>Log in</title>\n<form>\n</html>\n"; }}
    location /sso/ {{ return 302 http://127.0.0.1:{port}/page/login; }}
    location /closed/ {{ return 403; }}
    location /busy/ {{ return 429; }}
  }}
}}
"""


class GitServer:
    """`with GitServer(folder, root) as server:` serves the repositories below `root` to `user`.

    `server.url("git/source/.git")` is an address without a password, `server.url(path, password)`
    one with it.
    """

    user = "deployer"
    password = "pa55-of-the-runner"

    def __init__(self, folder: Path, root: Path) -> None:
        backend = _backend()
        if not all(os.path.exists(one) for one in (_NGINX, _FCGIWRAP, backend)):
            pytest.skip(_NEEDED)
        self._folder = folder
        self.port = free_port()
        self.accept(self.password)
        (folder / "nginx.conf").write_text(
            _CONFIG.format(folder=folder, root=root, port=self.port, backend=backend)
        )
        self._gateway: Optional[subprocess.Popen[bytes]] = None
        self._nginx: Optional[subprocess.Popen[bytes]] = None

    def __enter__(self) -> GitServer:
        self.start()
        return self

    def __exit__(self, *raised: Any) -> None:
        self.stop()

    def url(self, path: str, password: str = "", host: str = "127.0.0.1", port: int = 0) -> str:
        """The address of a path."""
        access = f"{self.user}:{password}@" if password else ""
        return f"http://{access}{host}:{port or self.port}/{path}"

    def accept(self, password: str) -> None:
        """Let in with this password, and no other."""
        hashed = subprocess.run(
            ["openssl", "passwd", "-apr1", password], check=True, stdout=subprocess.PIPE
        ).stdout.decode()
        (self._folder / "passwords").write_text(f"{self.user}:{hashed}")

    def restore(self) -> None:
        """All runs, and lets `password` in."""
        self.accept(self.password)
        self.start()

    def asked(self) -> List[str]:
        """What was asked until now: host, method, address and Authorization (`-` for none)."""
        return (self._folder / "access.log").read_text().splitlines()

    def start(self) -> None:
        """Start what does not run."""
        sock = self._folder / "fcgi.sock"
        if self._gateway is None:
            with suppress(FileNotFoundError):
                sock.unlink()
            self._gateway = self._spawn([_FCGIWRAP, "-c", "4", "-s", f"unix:{sock}"])
            until(sock.exists, "the socket of fcgiwrap")
        if self._nginx is None:
            self._nginx = self._spawn(
                [_NGINX, "-c", f"{self._folder}/nginx.conf", "-e", f"{self._folder}/errors.log"]
            )
            until(self._listens, f"nginx: {self._folder}/errors.log")

    def stop(self) -> None:
        """Take the server away: nobody listens any more."""
        for process in (self._nginx, self._gateway):
            _end(process)
        self._nginx = self._gateway = None

    def break_gateway(self) -> None:
        """nginx stays, and answers with 502."""
        _end(self._gateway)
        self._gateway = None

    def _spawn(self, arguments: List[str]) -> subprocess.Popen[bytes]:
        surroundings = {key: one for key, one in os.environ.items() if key[:4] != "GIT_"}
        with open(self._folder / "output.log", "ab") as output:
            return subprocess.Popen(
                arguments,
                env=surroundings,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def _listens(self) -> bool:
        assert self._nginx is not None
        assert self._nginx.poll() is None, (self._folder / "output.log").read_text()
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0


class CutLine:
    """`with CutLine(port, 100_000) as line:` passes connections to `line.port` on to a server, and
    cuts all of them once the server has sent that many bytes; from then on nobody answers."""

    def __init__(self, port: int, bytes_until_cut: int) -> None:
        self._target = port
        self._left = bytes_until_cut
        self._lock = threading.Lock()
        self._open: List[socket.socket] = []
        self.is_cut = False
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])

    def __enter__(self) -> CutLine:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *raised: Any) -> None:
        self._cut()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(("127.0.0.1", self._target))
                with self._lock:
                    self._open += [client, server]
                for one, other, counted in ((client, server, False), (server, client, True)):
                    threading.Thread(
                        target=self._pass_on, args=(one, other, counted), daemon=True
                    ).start()

    def _pass_on(self, source: socket.socket, sink: socket.socket, counted: bool) -> None:
        with suppress(OSError):
            while True:
                data = source.recv(16384)
                if counted:
                    with self._lock:
                        self._left -= len(data)
                        over = self._left < 0
                    if over:
                        self.is_cut = True
                        self._cut()
                        return
                if not data:
                    sink.shutdown(socket.SHUT_WR)
                    return
                sink.sendall(data)

    def _cut(self) -> None:
        with self._lock:
            for one in (self._listener, *self._open):
                with suppress(OSError):
                    one.shutdown(socket.SHUT_RDWR)
                one.close()
            self._open.clear()


def free_port() -> int:
    """A port on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _backend() -> str:
    path = subprocess.run(["git", "--exec-path"], check=True, stdout=subprocess.PIPE).stdout
    return os.path.join(path.decode().strip(), "git-http-backend")


def _end(process: Optional[subprocess.Popen[bytes]]) -> None:
    if process is None:
        return
    with suppress(ProcessLookupError):
        os.killpg(process.pid, 9)
    process.wait()
