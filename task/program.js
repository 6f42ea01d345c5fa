'use strict';
// The program of this platform, in a form that can be started.

const fs = require('fs');
const path = require('path');

const PLATFORMS = ['linux-x64', 'linux-arm64'];
const NAME = 'acr-sync';

/** Returns where the package has the program for a platform. */
function shipped(folder, platform) {
  if (!PLATFORMS.includes(platform)) {
    throw new Error(
      `acr-sync runs on Linux, on x64 and arm64; this agent is ${platform}. ` +
        'Choose a Linux pool, such as "pool: { vmImage: ubuntu-latest }".',
    );
  }
  const file = path.join(folder, 'bin', platform, NAME);
  if (!fs.existsSync(file)) throw new Error(`This package of the task has no program for ${platform}: ${file} is missing.`);
  return file;
}

/**
 * Returns a file that can be started. A package carries no permissions, so they are restored; where they cannot be,
 * for the task's folder belongs to another user, is read-only or runs no programs, a private copy does.
 * `discard` removes what was made.
 */
function runnable(file, temporary) {
  if (isRunnable(file)) return { file, discard() {} };
  try {
    fs.chmodSync(file, 0o755);
    if (isRunnable(file)) return { file, discard() {} };
  } catch (_) {
    // The copy is the answer.
  }
  const folder = fs.mkdtempSync(path.join(temporary, `${NAME}-`));
  const discard = () => fs.rmSync(folder, { recursive: true, force: true });
  try {
    const copy = path.join(folder, NAME);
    fs.copyFileSync(file, copy);
    fs.chmodSync(copy, 0o700);
    if (!isRunnable(copy)) throw new Error(`Neither ${path.dirname(file)} nor ${temporary} lets programs run (noexec).`);
    return { file: copy, discard };
  } catch (error) {
    discard();
    throw error;
  }
}

function isRunnable(file) {
  try {
    fs.accessSync(file, fs.constants.X_OK);
    return true;
  } catch (_) {
    return false;
  }
}

module.exports = { runnable, shipped };
