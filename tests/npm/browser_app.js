// One failure under a real client in a browser; what to run stands in the page's address.
'use strict';

function price(order) {
  throw new TypeError(`could not price order ${order}`);
}

function failure() {
  try {
    price(12345);
  } catch (error) {
    return error;
  }
}

const [client, url, project, key] = ['client', 'url', 'project', 'key'].map((name) => asked.get(name));
const release = '1.4.2';
const environment = 'staging';

({
  airbrake() {
    const notifier = new Airbrake.Notifier({
      projectId: Number(project), projectKey: key, host: url, environment, remoteConfig: false, performanceStats: false,
    });
    notifier.notify(failure());
  },
  bugsnag() {
    Bugsnag.start({
      apiKey: key, endpoints: { notify: url, sessions: `${url}/sessions` }, appVersion: release,
      releaseStage: environment, autoTrackSessions: true,
    });
    Bugsnag.notify(failure(), (event) => { event.severity = 'error'; });
  },
  faro() {
    const faro = GrafanaFaroWebSdk.initializeFaro({
      url: `${url}/collect`, apiKey: key, app: { name: 'shop-web', version: release, environment },
    });
    faro.api.pushError(failure());
  },
  honeybadger() {
    Honeybadger.configure({ apiKey: key, endpoint: url, environment, revision: release, reportData: true });
    Honeybadger.notify(failure());
  },
  rollbar() {
    const Rollbar = window.Rollbar || window.rollbar;
    new Rollbar({ accessToken: key, endpoint: `${url}/api/1/item/`, environment, codeVersion: release }).error(failure());
  },
})[client]();
