// The preset before Renovate's own code: what it finds in a list of every form, and what it makes of it.
//
// node preset.mjs NODE_MODULES PRESET FOLDER: writes the lists into the folder, as they are and as they become.
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const [modules, preset, folder] = process.argv.slice(2).map((path) => resolve(path));
const load = (path) => import(pathToFileURL(join(modules, 'renovate/dist', path)));
const { GlobalConfig } = await load('config/global.js');
const { extractPackageFile } = await load('modules/manager/custom/regex/index.js');
const { doAutoReplace } = await load('workers/repository/update/branch/auto-replace.js');

const [manager] = JSON.parse(readFileSync(preset, 'utf8')).customManagers;
const FILE = 'images.txt';
const OLD = `sha256:${'a'.repeat(64)}`;
const NEW = `sha256:${'b'.repeat(64)}`;

// Each line, what is found in it (name, value, digest), and what an update to 9.9 makes of it; nothing: it stays.
const FORMS = [
  ['# registry.k8s.io/a/b:v1 => a/b'],
  ['  # nginx:1.27 => mirror/nginx'],
  [''],
  [
    'registry.k8s.io/ingress-nginx/controller:v1.11.1 => ingress-nginx/controller',
    ['registry.k8s.io/ingress-nginx/controller', 'v1.11.1'],
    'registry.k8s.io/ingress-nginx/controller:9.9 => ingress-nginx/controller',
  ],
  [
    `quay.io/jetstack/cert-manager-controller:v1.15.2@${OLD} => jetstack/cert-manager-controller`,
    ['quay.io/jetstack/cert-manager-controller', 'v1.15.2', OLD],
    `quay.io/jetstack/cert-manager-controller:9.9@${NEW} => jetstack/cert-manager-controller`,
  ],
  [
    'docker.io/library/nginx:1.27 => mirror/nginx:stable          # another tag at the destination',
    ['docker.io/library/nginx', '1.27'],
    'docker.io/library/nginx:9.9 => mirror/nginx:stable          # another tag at the destination',
  ],
  ['redis:7=>cache/redis', ['redis', '7'], 'redis:9.9=>cache/redis'],
  [' \tapp1:1 \t=>\tapp1 # 1:1 => 1', ['app1', '1'], ' \tapp1:9.9 \t=>\tapp1 # 1:1 => 1'],
  ['bitnami/redis:7.2-debian-12 => bitnami/redis', ['bitnami/redis', '7.2-debian-12'], 'bitnami/redis:9.9 => bitnami/redis'],
  ['localhost:5000/team/app:5000 => team/app', ['localhost:5000/team/app', '5000'], 'localhost:5000/team/app:9.9 => team/app'],
  ['ghcr.io/a/b:1 => contoso.azurecr.io/ghcr.io/a/b', ['ghcr.io/a/b', '1'], 'ghcr.io/a/b:9.9 => contoso.azurecr.io/ghcr.io/a/b'],
  // The destination's version would no longer be the source's.
  ['ghcr.io/c/d:1.27 => mirror/d:1.27'],
  ['ghcr.io/c/e:1.27 => mirror/e:v1'],
  // No tag says which way is forward.
  ['localhost:5000/team/other => team/other'],
  [`quay.io/e/f@${OLD} => f:1`],
  // Patterns find their tags by themselves.
  ['quay.io/a/g:v1.11.* => g'],
  ['quay.io/a/h:^1.15 => h'],
  ['quay.io/a/i:~1.15 => i'],
  ['quay.io/a/j:/6\\.[0-9]+/ => j'],
  ['newest 3 of quay.io/a/k:^1 => k'],
  ['newest 2 of quay.io/a/l => l'],
  ['newest:1 => newest', ['newest', '1'], 'newest:9.9 => newest'],
  ['nginx:1.26 => last', ['nginx', '1.26'], 'nginx:9.9 => last'],
];

function found(content) {
  return extractPackageFile(content, FILE, manager)?.deps ?? [];
}

// Applies one update as Renovate does in its branch.
async function update(content, dep, index, change) {
  const upgrade = { ...manager, ...dep, ...change, manager: 'regex', packageFile: FILE, depIndex: index, baseDeps: found(content) };
  return await doAutoReplace(upgrade, content, false);
}

async function all(content, change) {
  let text = content;
  for (const index of found(content).keys()) {
    text = await update(text, found(text)[index], index, change(found(text)[index]));
  }
  return text;
}

mkdirSync(join(folder, 'local'), { recursive: true });
GlobalConfig.set({ localDir: join(folder, 'local') });
for (const [name, head, end, tail] of [
  ['plain', '', '\n', '\n'],
  ['windows', '\ufeff', '\r\n', '\r\n'],
  ['unended', '', '\n', ''],
]) {
  const write = (what, text) => writeFileSync(join(folder, `${name}.${what}.txt`), text);
  const text = (lines) => head + lines.join(end) + tail;
  const list = text(FORMS.map(([line]) => line));
  write('before', list);
  assert.deepEqual(
    found(list).map((dep) => [dep.depName, dep.currentValue, dep.currentDigest, dep.datasource, dep.versioning]),
    FORMS.flatMap(([, dep]) => (dep ? [[dep[0], dep[1], dep[2], 'docker', 'docker']] : [])),
    name,
  );

  const updated = await all(list, (dep) => ({ newValue: '9.9', newDigest: dep.currentDigest && NEW }));
  assert.equal(updated, text(FORMS.map(([line, , becomes]) => becomes ?? line)), name);
  write('updated', updated);

  // A new digest under the same tag, and digests for the lines that have none.
  const pinned = await all(list, (dep) => ({ newValue: dep.currentValue, newDigest: NEW, isPinDigest: !dep.currentDigest }));
  const pin = ([line, dep]) => (dep ? line.replace(OLD, NEW).replace(/^([ \t]*[^ \t=@]+)(?=[ \t]*=>)/, `$1@${NEW}`) : line);
  assert.equal(pinned, text(FORMS.map(pin)), name);
  write('pinned', pinned);

  // A file that begins with a line that is meant.
  const alone = `${head}nginx:1.26 => nginx${tail}`;
  assert.equal(await all(alone, () => ({ newValue: '1.27' })), `${head}nginx:1.27 => nginx${tail}`, name);
}
console.log(`ok: ${FORMS.length} forms, in 3 styles of a file`);
