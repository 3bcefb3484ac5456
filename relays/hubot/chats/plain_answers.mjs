// What is posted to a chat of plain text: for whom it is, and nothing that pings or breaks a line of the protocol.

const MARK = '{~}'
// All but tab and line feed: a carriage return is a command of its own on IRC, and a NUL hangs a connection.
// eslint-disable-next-line no-control-regex
const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f]/g
const WORD = /[\p{L}\p{N}_]/u
const MENTION = /(?<![\p{L}\p{N}_.@])([@\uff20])(?=[\p{L}\p{N}_])/gu

// The text of an answer for `person`, how the chat addresses them; '' for nobody. The name stands in front, unless the text has it.
export function plainAnswer (data, person) {
  const text = String(data.message ?? '').split(MARK).map(one => one.trim()).filter(Boolean).join('\n')
  return (person && !data.whisper && !names(text, person) ? `${person}: ` : '') + harmless(text)
}

// Whether a text has a name as a word.
function names (text, person) {
  // On Matrix a text has the name of someone and not the whole id.
  const [all, name] = [text, person.replace(/^@([^:]+):.*$/, '$1')].map(one => one.toLowerCase())
  for (let at = all.indexOf(name); at >= 0; at = all.indexOf(name, at + 1)) {
    if (![all[at - 1], all[at + name.length]].some(sign => WORD.test(sign ?? ''))) return true
  }
  return false
}

// A text in which no sign mentions anyone, and none steers the connection.
export function harmless (text) {
  return text.replace(/\r\n?/g, '\n').replace(CONTROL, '').replace(MENTION, '$1 ')
}

// The lines of a text, none with more bytes than that: a line on IRC has 512 with everything around it.
export function shortLines (text, bytes) {
  return text.split('\n').filter(line => line.trim()).flatMap(line => {
    const found = []
    let current = ''
    let size = 0
    for (const sign of line) {
      const more = Buffer.byteLength(sign)
      if (size + more > bytes) {
        // At a blank, where there is one in the second half.
        const blank = current.lastIndexOf(' ')
        const cut = blank > current.length / 2 ? blank + 1 : current.length
        found.push(current.slice(0, cut).trimEnd())
        current = current.slice(cut)
        size = Buffer.byteLength(current)
      }
      current += sign
      size += more
    }
    return [...found, current]
  })
}
