'use strict';
// What the agent reads. It takes both output streams line by line and looks for commands anywhere in a line.

/** The commands that the program gives, at the start of a line; how the task ended is said by the launcher alone. */
const COMMAND = /^##vso\[task\.(?:logissue|setprogress|setsecret|setvariable|uploadsummary)[ \]]/;
/** Those of them that do something, and are not only seen. */
const ORDER = /^##vso\[task\.(?:setsecret|setvariable|uploadsummary)[ \]]/;
/** Its formatting, which is seen and does nothing. */
const FORMAT = /^##\[(?:endgroup|group)\]/;
/** The agent looks past what is invisible when it searches. */
const MARKER = /#(?=[\p{Cc}\p{Cf}\p{Default_Ignorable_Code_Point}]*#)/gu;

/** Returns a line with no command in it. */
function disarm(line) {
  return line.replace(MARKER, '# ');
}

/** Returns a line of the program's standard output: a command of ours as it is, anything else disarmed. */
function pass(line) {
  // What follows the header of a command is its data, to the end of the line.
  if (COMMAND.test(line)) return line;
  const format = FORMAT.exec(line);
  return format ? format[0] + disarm(line.slice(format[0].length)) : disarm(line);
}

/** Returns whether a line is an order of the program to the agent. */
function isOrder(line) {
  return ORDER.test(line);
}

/** Returns a command as one line. */
function command(name, properties, data) {
  const shown = Object.keys(properties).map((key) => `${key}=${escape(properties[key]).replace(/\]/g, '%5D').replace(/;/g, '%3B')};`);
  return `##vso[${name} ${shown.join('')}]${escape(data)}`;
}

function escape(text) {
  return text.replace(/%/g, '%AZP25').replace(/\r/g, '%0D').replace(/\n/g, '%0A');
}

/** Cuts a stream of text where the agent does: at `\n`, `\r` and `\r\n`. */
class Lines {
  constructor(take) {
    this.take = take;
    this.rest = '';
  }

  push(text) {
    // A `\r` at the end waits: what comes next may belong to it.
    const lines = (this.rest + text).split(/\r\n|\n|\r(?!$)/);
    this.rest = lines.pop();
    lines.forEach(this.take);
  }

  end() {
    if (this.rest !== '') this.take(this.rest.replace(/\r$/, ''));
    this.rest = '';
  }
}

module.exports = { Lines, command, disarm, isOrder, pass };
