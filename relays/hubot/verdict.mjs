// Whether a command is handed over to StackStorm. A pure decision on facts about its message.

// Why a command is not handed over: the reason stands in the log.
export const Reason = Object.freeze({
  NO_KEY: 'no_key',
  UNKNOWN_CHAT: 'unknown_chat',
  NOBODY: 'nobody',
  SELF: 'self',
  BOT: 'bot',
  GUEST: 'guest',
  EDIT: 'edit',
  REPLAY: 'replay',
  LATE: 'late',
  REPEAT: 'repeat'
})

// facts: what a file of chats/ found out.
// - `identity`, or null with `why` as a sentence for the room;
// - `self`, `bot`, `edited`, `delayed`: true or not; `team`: the Slack workspace of a guest, else empty;
// - `at`: when the chat got the message, in seconds since 1970, or null where the chat does not say.
// around: `settings`, `start` and `now` in seconds since 1970, `repeated`: whether the message was there before.
// The answer: null to hand it over; else {reason, sentence}, the sentence empty where the room is to read nothing.
export function dropped (facts, { settings, start, now, repeated }) {
  const { run, teams, maxAge } = settings
  const silent = reason => ({ reason, sentence: '' })
  // Whatever is no new word of a person gets no answer either: two relays would talk to each other.
  if (facts.self) return silent(Reason.SELF)
  if (facts.bot && !run.has('bots')) return silent(Reason.BOT)
  if (facts.team && !teams.has(facts.team)) return silent(Reason.GUEST)
  if (facts.edited && !run.has('edits')) return silent(Reason.EDIT)
  if (!run.has('replays')) {
    if (facts.delayed || (facts.at !== null && facts.at < start)) return silent(Reason.REPLAY)
    if (maxAge && facts.at !== null && now - facts.at > maxAge) return silent(Reason.LATE)
  }
  if (repeated && !run.has('repeats')) return silent(Reason.REPEAT)
  if (settings.problems.length) {
    return { reason: Reason.NO_KEY, sentence: 'Nothing was run: the relay is not set up. Its log says why.' }
  }
  if (!facts.identity) return { reason: Reason.NOBODY, sentence: `Nothing was run: ${facts.why}` }
  return null
}
