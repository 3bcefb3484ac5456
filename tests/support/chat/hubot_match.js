// Which formats match which messages, as hubot-stackstorm 0.13 would find.
// Standard input: {"formats": [...], "messages": [...]}. Standard output: for each message, the numbers of the formats.
'use strict';

const fs = require('fs');

// Pairs at the end are part of the match; the blanks around a parameter are optional; case does not count.
const PAIRS = '(\\s+(\\S+)\\s*=("([\\s\\S]*?)"|\'([\\s\\S]*?)\'|({[\\s\\S]*?})|(\\S+))\\s*)*';
const OPTIONAL = /(\s*){{\s*\S+\s*=\s*(?:({.+?}|.+?))\s*}}(\s*)/g;
const REQUIRED = /\s*{{.+?}}\s*/g;

function expression(format) {
  const body = format
    .replace(OPTIONAL, '\\s*($1([\\s\\S]+?)$3)?\\s*')
    .replace(REQUIRED, '\\s*([\\s\\S]+?)\\s*');
  return new RegExp('^\\s*' + body + PAIRS + '\\s*$', 'i');
}

const { formats, messages } = JSON.parse(fs.readFileSync(0, 'utf8'));
const expressions = formats.map(expression);
const found = messages.map((message) =>
  expressions.map((one, number) => (one.test(message) ? number : -1)).filter((number) => number >= 0)
);
process.stdout.write(JSON.stringify(found));
