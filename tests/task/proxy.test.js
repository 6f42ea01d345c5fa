'use strict';
const assert = require('assert');
const test = require('node:test');
const { directHosts, variables } = require('../../task/proxy');

test("the agent's proxy becomes everybody's, with its password", () => {
  const { variables: found } = variables({
    AGENT_PROXYURL: 'http://proxy.contoso.com:3128',
    AGENT_PROXYUSERNAME: 'me@contoso',
    SECRET_AGENT_PROXYPASSWORD: 'p:/@ss',
    AGENT_PROXYBYPASSLIST: '["\\\\.corp\\\\.local$","10\\\\.0\\\\..*"]',
  });
  const url = 'http://me%40contoso:p%3A%2F%40ss@proxy.contoso.com:3128/';
  assert.deepStrictEqual(found, {
    HTTPS_PROXY: url,
    HTTP_PROXY: url,
    NO_PROXY: 'localhost,127.0.0.1,169.254.169.254,corp.local,10.0.0.0/16',
  });
});

test('a proxy of the step itself is left alone', () => {
  const agent = { AGENT_PROXYURL: 'http://a:1', HTTPS_PROXY: 'http://b:2', http_proxy: 'http://c:3', NO_PROXY: 'x' };
  assert.deepStrictEqual(variables(agent), { variables: {}, remarks: [] });
  const half = variables({ AGENT_PROXYURL: 'http://a:1', HTTPS_PROXY: 'http://b:2', NO_PROXY: 'x' }).variables;
  assert.deepStrictEqual(half, { HTTP_PROXY: 'http://a:1/', NO_PROXY: 'x,localhost,127.0.0.1,169.254.169.254' });
});

test('no proxy is no variable', () => {
  assert.deepStrictEqual(variables({ AGENT_PROXYURL: '', AGENT_PROXYBYPASSLIST: '["a"]' }).variables, {});
});

test('what cannot be said is told, without the address', () => {
  const { remarks } = variables({ AGENT_PROXYURL: 'http://a:1', AGENT_PROXYBYPASSLIST: '["contoso.*","(?!x)y"]' });
  assert.strictEqual(remarks.length, 2);
  assert.match(remarks[0], /contoso\.\*.*NO_PROXY/);
  assert.match(variables({ AGENT_PROXYURL: 'http://a:1', AGENT_PROXYBYPASSLIST: 'no list' }).remarks[0], /no JSON/);
  const broken = variables({ AGENT_PROXYURL: 'user:secret@' });
  assert.deepStrictEqual(broken.variables, {});
  assert.doesNotMatch(broken.remarks[0], /secret/);
});

for (const [pattern, hosts] of [
  ['github\\.com', ['github.com']],
  ['github.com', ['github.com']],
  ['.*\\.azurecr\\.io', ['azurecr.io']],
  ['^https?://(.*\\.)?contoso\\.com(:\\d+)?(/.*)?$', ['contoso.com']],
  ['https?:\\/\\/registry\\.local:5000\\/?', ['registry.local']],
  ['http://companysite', ['companysite']],
  ['[^.]+\\.example\\.com', ['example.com']],
  ['(a|b)\\.example\\.com|c\\.local', ['c.local', 'a.example.com', 'b.example.com']],
  ['10\\..*', ['10.0.0.0/8']],
  ['^https://10\\.1\\.2\\.3$', ['10.1.2.3']],
  ['192\\.168\\.\\d{1,3}\\.\\d+', ['192.168.0.0/16']],
  ['172\\.(1[67]|31)\\..*', ['172.31.0.0/16', '172.16.0.0/16', '172.17.0.0/16']],
  ['.*', ['*']],
  // What follows has no counterpart: the start of a name, one scheme, no address, too many forms.
  ['contoso.*', undefined],
  ['contoso\\..*', undefined],
  ['^https://.*', undefined],
  ['300\\.1\\..*', undefined],
  ['(?!x)y', undefined],
  ['a{2}\\.b', undefined],
  ['[0-9][0-9][0-9][0-9]\\.example\\.com', undefined],
  ['', undefined],
]) {
  test(`the bypass ${pattern} is ${hosts || 'not to be said'}`, () => {
    const found = directHosts(pattern);
    assert.deepStrictEqual(found && found.sort(), hosts && hosts.sort());
  });
}

test('a host that goes directly now went directly before', () => {
  const hosts = ['a.example.com', 'x.corp.local', '10.0.3.4', '172.20.1.1', 'contosoacr.azurecr.io', 'example.org'];
  const covers = (entry, host) => {
    const network = /^(.*)\/(\d+)$/.exec(entry);
    if (entry === '*') return true;
    if (!network) return host === entry || host.endsWith(`.${entry}`);
    const bytes = Number(network[2]) / 8;
    return host.split('.').slice(0, bytes).join('.') === network[1].split('.').slice(0, bytes).join('.');
  };
  for (const pattern of ['.*\\.example\\.com', 'corp\\.local', '10\\.0\\..*', '172\\.(1[6-9]|2\\d)\\..*', 'azurecr\\.io$']) {
    for (const host of hosts) {
      if ((directHosts(pattern) || []).some((entry) => covers(entry, host))) {
        assert.match(`https://${host}`, new RegExp(pattern, 'i'));
      }
    }
  }
});
