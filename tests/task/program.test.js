'use strict';
const assert = require('assert');
const fs = require('fs');
const os = require('os');
const path = require('path');
const test = require('node:test');
const { runnable, shipped } = require('../../task/program');

function folder() {
  return fs.mkdtempSync(path.join(os.tmpdir(), 'acr-sync-test-'));
}

/** A task's folder with a program that a package has brought, without permissions to run. */
function unpacked() {
  const task = folder();
  const place = path.join(task, 'bin', 'linux-x64');
  fs.mkdirSync(place, { recursive: true });
  fs.writeFileSync(path.join(place, 'acr-sync'), '#!/bin/sh\n', { mode: 0o644 });
  return task;
}

test('another platform is named, with what to do', () => {
  for (const platform of ['win32-x64', 'darwin-arm64', 'linux-arm', 'constructor']) {
    assert.throws(() => shipped(unpacked(), platform), new RegExp(`Linux, on x64 and arm64.*${platform}.*pool`));
  }
});

test('a package without a program says which', () => {
  assert.throws(() => shipped(unpacked(), 'linux-arm64'), /no program for linux-arm64/);
});

test('the permission to run is restored', () => {
  const file = shipped(unpacked(), 'linux-x64');
  const program = runnable(file, folder());
  program.discard();
  assert.strictEqual(program.file, file);
  assert.strictEqual(fs.statSync(file).mode & 0o777, 0o755);
});

test('where it cannot be, a private copy runs and is removed', () => {
  const file = shipped(unpacked(), 'linux-x64');
  const temporary = folder();
  const { chmodSync } = fs;
  fs.chmodSync = (place, mode) => {
    if (place === file) throw new Error('EPERM');
    chmodSync(place, mode);
  };
  try {
    const program = runnable(file, temporary);
    assert.ok(program.file.startsWith(temporary));
    assert.strictEqual(fs.statSync(program.file).mode & 0o777, 0o700);
    assert.strictEqual(fs.statSync(path.dirname(program.file)).mode & 0o777, 0o700);
    program.discard();
    assert.deepStrictEqual(fs.readdirSync(temporary), []);
  } finally {
    fs.chmodSync = chmodSync;
  }
});
