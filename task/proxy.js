'use strict';
// The agent's own proxy, in the variables that other programs read.

/** What is never reached through a proxy: the agent's own rule for the machine itself, and Azure's for its metadata. */
const DIRECT = ['localhost', '127.0.0.1', '169.254.169.254'];
/** The most forms that one pattern is taken apart into; who needs more sets `NO_PROXY`. */
const MOST_FORMS = 256;

/** Returns `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY` as far as the agent has a proxy, and what could not be said. */
function variables(agent) {
  const found = { variables: {}, remarks: [] };
  if (!agent.AGENT_PROXYURL) return found;
  const missing = ['HTTPS_PROXY', 'HTTP_PROXY'].filter((name) => !agent[name] && !agent[name.toLowerCase()]);
  if (missing.length === 0) return found;
  const url = address(agent.AGENT_PROXYURL);
  if (!url) {
    found.remarks.push("The agent's proxy is no address; set HTTPS_PROXY in the step's env.");
    return found;
  }
  const password = agent.SECRET_AGENT_PROXYPASSWORD || agent.AGENT_PROXYPASSWORD;
  if (agent.AGENT_PROXYUSERNAME) url.username = encodeURIComponent(agent.AGENT_PROXYUSERNAME);
  if (agent.AGENT_PROXYUSERNAME && password) url.password = encodeURIComponent(password);
  for (const name of missing) found.variables[name] = url.href;

  const direct = [agent.NO_PROXY || agent.no_proxy || [], DIRECT].flat();
  for (const pattern of patterns(agent.AGENT_PROXYBYPASSLIST, found.remarks)) {
    const hosts = directHosts(pattern);
    if (hosts) direct.push(...hosts);
    else found.remarks.push(`The proxy bypass ${pattern} has no form in NO_PROXY; set NO_PROXY in the step's env.`);
  }
  found.variables.NO_PROXY = [...new Set(direct)].join(',');
  return found;
}

function address(text) {
  try {
    const url = new URL(text);
    return /^https?:$/.test(url.protocol) ? url : undefined;
  } catch (_) {
    return undefined;
  }
}

function patterns(list, remarks) {
  if (!list) return [];
  try {
    return [JSON.parse(list)].flat().filter((pattern) => typeof pattern === 'string');
  } catch (_) {
    remarks.push("The agent's proxy bypass list is no JSON; set NO_PROXY in the step's env.");
    return [];
  }
}

/**
 * Returns what stands in `NO_PROXY` for a regular expression of the agent, which looks for it in `scheme://host[:port]`;
 * nothing where that is not all of it. A name there means its subdomains too, and has no port.
 */
function directHosts(pattern) {
  const forms = alternatives(withStars(pattern));
  const hosts = forms && forms.map(host);
  return hosts && hosts.every(Boolean) ? [...new Set(hosts)] : undefined;
}

/** Writes a star for everything that stands for any characters. */
function withStars(pattern) {
  const wild = /^(?:\\[dwS]|\[[^\]]*\]|\.)(?:[*+]\??|\{[\d,]+\})$/;
  const pieces = /\\[dwS](?:[*+]\??|\{[\d,]+\})|\\.|\[[^\]]*\](?:[*+]\??|\{[\d,]+\})|\.[*+]\??/g;
  return pattern.replace(pieces, (piece) => (wild.test(piece) ? '*' : piece));
}

/** Takes groups and classes of digits apart, innermost first: `1[67]|(a|b)c?` is `16`, `17`, `ac`, … */
function alternatives(pattern) {
  const done = new Set();
  const open = [pattern];
  while (open.length > 0) {
    if (open.length + done.size > MOST_FORMS) return undefined;
    const form = open.shift();
    const part = /\((?:\?:)?([^()]*)\)(\??)|\[(\d)-(\d)\](\??)|\[(\d+)\](\??)|(\\?[a-z0-9./-])(\?)/i.exec(form);
    if (!part) {
      form.split('|').forEach((each) => done.add(each));
      continue;
    }
    const [whole, group, , from, to, , digits, , single] = part;
    let choices = [single];
    if (group !== undefined) choices = group.split('|');
    else if (from) choices = [...'0123456789'].slice(Number(from), Number(to) + 1);
    else if (digits) choices = [...digits];
    if (whole.endsWith('?')) choices.push('');
    for (const choice of choices) open.push(form.slice(0, part.index) + choice + form.slice(part.index + whole.length));
  }
  return [...done];
}

/** Returns the entry for one form: a name, an address or a network. */
function host(form) {
  const plain = form.replace(/\\([./:-])/g, '$1');
  const text = plain.replace(/^\^?(?:(?:https?|\*)?:\/\/)?/i, '').replace(/(?::(?:\d+|\*))?(?:\/\*?)?\$?$/, '');
  // All of one scheme would be all of the other as well.
  if (text === '*') return /^\^?https?:/i.test(plain) ? undefined : '*';
  const network = /^((?:\d{1,3}\.){1,3})(?:\*\.?)*$/.exec(text);
  if (network) {
    const bytes = network[1].split('.').slice(0, -1);
    const address = bytes.concat(['0', '0', '0']).slice(0, 4).join('.');
    return bytes.every((byte) => Number(byte) < 256) ? `${address}/${8 * bytes.length}` : undefined;
  }
  const name = text.replace(/^\*/, '').replace(/^\./, '').replace(/^([^*]*\.[^*]*[a-z0-9])\*$/i, '$1');
  return /^[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?)*$/i.test(name) ? name : undefined;
}

module.exports = { variables, directHosts };
