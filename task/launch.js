'use strict';
// What the agent starts: it starts the program, hands its output over and says how the task ended. No dependency; one
// text for Node 16, 20 and 24.

const { spawn } = require('child_process');
const os = require('os');
const path = require('path');
const { environment } = require('./environment');
const { Lines, command, disarm, isOrder, pass } = require('./log');
const { runnable, shipped } = require('./program');

function print(line) {
  process.stdout.write(`${line}\n`);
}

/** The last line of every run. The exit code stays 0: the agent takes any other for a fault of its own. */
function complete(result, message) {
  print(command('task.complete', { result }, disarm(message)));
}

function fail(message) {
  print(command('task.logissue', { type: 'error' }, disarm(message)));
  complete('Failed', message);
}

/** What keeps the program from working at all stands on its standard error output; none of its commands does. */
function problem(line) {
  const error = /^error: (.*)$/.exec(line);
  return error ? command('task.logissue', { type: 'error' }, disarm(error[1])) : disarm(line);
}

/** Where the log is JSON, what the agent has to carry out stands beside it. */
function order(line) {
  return isOrder(line) ? line : problem(line);
}

function relay(stream, show) {
  const lines = new Lines((line) => print(show(line)));
  stream.setEncoding('utf8');
  stream.on('data', (text) => lines.push(text));
  stream.on('end', () => lines.end());
}

function main() {
  const { variables, remarks } = environment(process.env);
  remarks.forEach((remark) => print(disarm(remark)));
  const file = shipped(path.dirname(__dirname), `${process.platform}-${process.arch}`);
  const program = runnable(file, process.env.AGENT_TEMPDIRECTORY || os.tmpdir());
  process.on('exit', program.discard);
  const child = spawn(program.file, [], { env: variables, stdio: ['ignore', 'pipe', 'pipe'] });
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
  child.on('error', (error) => fail(`The program cannot be started: ${error.message}`));
  relay(child.stdout, pass);
  const form = variables.INPUT_LOG || variables.ACR_SYNC_LOG || 'text';
  relay(child.stderr, form.trim().toLowerCase() === 'json' ? order : problem);
  child.on('close', (code, signal) => {
    if (code === 0) complete('Succeeded', '');
    else if (signal) fail(`The program was ended by ${signal}.`);
    else if (code > 0) complete('Failed', `The program ended with exit code ${code}.`);
  });
}

// Who reads no more is gone; the program still ends in its own way.
process.stdout.on('error', () => {});
try {
  main();
} catch (error) {
  fail(error.message);
}
