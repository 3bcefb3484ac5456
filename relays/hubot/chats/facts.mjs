// What is known of a message. Each chat fills in what it knows; `verdict.mjs` decides.

// Facts of a message of nobody: `why` is what the room reads, as the end of "Nothing was run: ".
export function nobody (why) {
  return {
    identity: null,
    why,
    shown: '',
    self: false,
    bot: false,
    team: '',
    edited: false,
    delayed: false,
    at: null,
    id: null,
    room: '',
    context: {}
  }
}
