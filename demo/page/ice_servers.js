// ice_servers.js - where to ask for our public address and who may relay, as the server tells it.
//
// The list comes from a server that may be anybody's: what a browser would not take is left out here,
// because one bad entry would make RTCPeerConnection refuse all of it.

/** @typedef {'any' | 'relay' | 'relay-udp' | 'relay-tcp' | 'relay-tls'} Route */

const MAX_SERVERS = 8;
const MAX_URLS = 16;
const URL_FORM = /^(stun|turn|turns):(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(:\d{1,5})?(\?transport=(udp|tcp))?$/i;

/** What a relay is asked with. @type {Record<string, RegExp>} */
const KINDS = {
  'relay-udp': /^turn:.*transport=udp$/,
  'relay-tcp': /^turn:.*transport=tcp$/,
  'relay-tls': /^turns:/,
};

/** The "ice_servers" of the server's answer. @param {unknown} list @returns {RTCIceServer[]} */
export function readIceServers(list) {
  if (!Array.isArray(list)) return [];
  const servers = [];
  for (const one of list.slice(0, MAX_SERVERS)) {
    const urls = (Array.isArray(one?.urls) ? one.urls : [one?.urls])
      .filter((/** @type {unknown} */ url) => typeof url === 'string' && URL_FORM.test(url)).slice(0, MAX_URLS);
    const named = typeof one?.username === 'string' && typeof one?.credential === 'string';
    const usable = named ? urls : urls.filter((/** @type {string} */ url) => url.startsWith('stun:'));
    if (usable.length > 0) servers.push(named ? { urls: usable, username: one.username, credential: one.credential } : { urls: usable });
  }
  return servers;
}

/** @param {RTCIceServer[]} servers @param {Route} route @returns {RTCConfiguration} */
export function configurationFor(servers, route) {
  const kind = KINDS[route];
  const iceServers = servers
    .map((server) => ({ ...server, urls: [server.urls].flat().filter((url) => !kind || kind.test(url)) }))
    .filter((server) => server.urls.length > 0);
  return { iceServers, iceTransportPolicy: route.startsWith('relay') ? 'relay' : 'all', bundlePolicy: 'max-bundle' };
}
