"use strict";
(() => {
  const stale = document.querySelector(".stale");
  const { made, after } = stale.dataset;
  let seen = Date.now();
  try {
    // When this page was first seen: the clock of this machine may be wrong, but goes on.
    const [known, at] = (sessionStorage.getItem("opsroom-board") || "").split(" ");
    seen = known === made ? Number(at) : seen;
    sessionStorage.setItem("opsroom-board", `${made} ${seen}`);
  } catch (error) { /* kept nowhere */ }
  const age = () => Math.max(Date.now() - Date.parse(made), Date.now() - seen);
  const look = () => stale.classList.toggle("now", age() > after * 1000);
  const idle = () => document.activeElement === document.body && !String(getSelection());
  const renew = () => {
    if (document.hidden || !idle()) return;
    if (location.protocol === "file:") return location.reload();
    // A page is better than an error: it stays while the server is away.
    fetch(location.href, { method: "HEAD", cache: "no-store" })
      .then((answer) => answer.ok && location.reload(), () => {});
  };
  look();
  setInterval(look, 5000);
  setInterval(renew, 60000);
})();
