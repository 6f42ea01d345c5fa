'use strict';
const assert = require('assert');
const test = require('node:test');
const { Lines, command, disarm, isOrder, pass } = require('../../task/log');

test('our commands pass as they are, at the start of a line', () => {
  for (const line of [
    '##vso[task.setvariable variable=changed;isoutput=true;]1',
    '##vso[task.setsecret]a##b',
    '##vso[task.logissue type=error;sourcepath=images.txt;linenumber=3;]x ##vso[task.complete result=Failed;]',
    '##[group]plan',
    '##[endgroup]',
  ]) {
    assert.strictEqual(pass(line), line);
  }
});

test('an order is a command of ours that does something', () => {
  for (const line of ['##vso[task.setsecret]a', '##vso[task.setvariable variable=a;]b', '##vso[task.uploadsummary]/c']) {
    assert.ok(isOrder(line), line);
  }
  for (const line of ['##vso[task.logissue type=error;]a', ' ##vso[task.setsecret]a', '##vso[task.complete]', 'error: a']) {
    assert.ok(!isOrder(line), line);
  }
});

test('every other command is broken', () => {
  for (const line of [
    ' ##vso[task.setvariable variable=a]b',
    'docker.io/x ##vso[task.prependpath]/tmp',
    '##vso[task.prependpath]/tmp',
    '##vso[task.complete result=Succeeded;done=true;]',
    '##vso[task.setendpoint id=1;field=url]http://x',
    '##vso[artifact.upload artifactname=a]/etc/passwd',
    '##vso[task.SetVariable variable=a]b',
    '##VSO[task.debug]x',
    '##vso[task.setvariablex ]b',
    '##[group]a ##vso[task.setvariable variable=a]b',
    '##[groupx]',
    '###vso[task.debug]x',
    '#\u200b#vso[task.complete result=Succeeded;]',
    '#\u00ad\ufeff\u001b#vso[task.complete result=Succeeded;]',
    '##\u200bvso[task.debug]x',
  ]) {
    const shown = pass(line).replace(/^##\[group\]/, '').replace(/[\p{Cc}\p{Cf}]/gu, '');
    assert.ok(!shown.includes('##'), shown);
  }
});

test('nothing passes on the standard error output', () => {
  assert.strictEqual(disarm('##vso[task.debug]x ##[error]'), '# #vso[task.debug]x # #[error]');
  assert.strictEqual(disarm('a # b #1 ümlaut'), 'a # b #1 ümlaut');
});

test('a command of our own is escaped as the agent reads it', () => {
  assert.strictEqual(
    command('task.logissue', { type: 'error', sourcepath: 'a];b' }, '100 %\r\nand more'),
    '##vso[task.logissue type=error;sourcepath=a%5D%3Bb;]100 %AZP25%0D%0Aand more',
  );
});

test('lines end where the agent ends them, however they arrive', () => {
  const text = 'one\r\n##two\rthree\n\nfour\r';
  for (const size of [1, 2, 3, text.length]) {
    const taken = [];
    const lines = new Lines((line) => taken.push(line));
    for (let at = 0; at < text.length; at += size) lines.push(text.slice(at, at + size));
    lines.end();
    assert.deepStrictEqual(taken, ['one', '##two', 'three', '', 'four'], `in pieces of ${size}`);
  }
});
