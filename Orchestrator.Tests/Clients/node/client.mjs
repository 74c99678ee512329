// A program on @kubernetes/client-node, as its users write them: typed APIs, the object API, every kind of patch, watches, an informer, and pods' streams.
// Usage: node client.mjs NAMESPACE IMAGE; KUBECONFIG says where. Prints one line per thing that worked; the first that does not ends it with an error.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Readable, Writable } from 'node:stream';
import * as k8s from '@kubernetes/client-node';

const [namespace, image] = process.argv.slice(2);
const config = new k8s.KubeConfig();
config.loadFromDefault();
const core = config.makeApiClient(k8s.CoreV1Api);
const apps = config.makeApiClient(k8s.AppsV1Api);
const batch = config.makeApiClient(k8s.BatchV1Api);
const objects = k8s.KubernetesObjectApi.makeApiClient(config);
const patience = 60_000;

const steps = {
    async 'versions and discovery'() {
        const version = await config.makeApiClient(k8s.VersionApi).getCode();
        assert.match(version.gitVersion, /^v1\.32\./);
        const groups = await config.makeApiClient(k8s.ApisApi).getAPIVersions();
        assert.ok(groups.groups.some((g) => g.name === 'apps' && g.preferredVersion.version === 'v1'));
        const resources = await core.getAPIResources();
        assert.ok(resources.resources.some((r) => r.name === 'pods/exec'));
        assert.equal(await new k8s.Health(config).readyz({}), true);
    },

    async 'typed objects are created, read, listed, replaced and deleted'() {
        const created = await core.createNamespacedConfigMap({ namespace, body: { metadata: { name: 'typed', labels: { app: 'typed' } }, data: { a: '1' }, binaryData: { b: 'AAEC' } } });
        assert.ok(created.metadata.creationTimestamp instanceof Date);
        const read = await core.readNamespacedConfigMap({ namespace, name: 'typed' });
        assert.deepEqual(read.data, { a: '1' });
        read.data.a = '2';
        const replaced = await core.replaceNamespacedConfigMap({ namespace, name: 'typed', body: read });
        assert.equal(replaced.data.a, '2');
        await assert.rejects(core.replaceNamespacedConfigMap({ namespace, name: 'typed', body: { ...read, data: { a: '3' } } }), (e) => e instanceof k8s.ApiException && e.code === 409);
        const list = await core.listNamespacedConfigMap({ namespace, labelSelector: 'app=typed' });
        assert.deepEqual(list.items.map((i) => i.metadata.name), ['typed']);
        await core.deleteNamespacedConfigMap({ namespace, name: 'typed' });
        await assert.rejects(core.readNamespacedConfigMap({ namespace, name: 'typed' }), (e) => e.code === 404 && JSON.parse(e.body).reason === 'NotFound');
    },

    async 'pages of a list'() {
        for (const i of [1, 2, 3, 4, 5]) await core.createNamespacedSecret({ namespace, body: { metadata: { name: `page-${i}`, labels: { page: 'yes' } }, stringData: { i: `${i}` } } });
        const names = [];
        let _continue;
        do {
            const page = await core.listNamespacedSecret({ namespace, labelSelector: 'page', limit: 2, _continue });
            names.push(...page.items.map((i) => i.metadata.name));
            _continue = page.metadata._continue;
        } while (_continue);
        assert.deepEqual(names, ['page-1', 'page-2', 'page-3', 'page-4', 'page-5']);
        const deleted = await core.deleteCollectionNamespacedSecret({ namespace, labelSelector: 'page' });
        assert.equal((await core.listNamespacedSecret({ namespace, labelSelector: 'page' })).items.length, 0, deleted.status);
    },

    async 'patches of every type'() {
        await apps.createNamespacedDeployment({ namespace, body: deployment('patched', 0) });
        const patch = (body, type, more = {}) => apps.patchNamespacedDeployment({ namespace, name: 'patched', body, ...more }, k8s.setHeaderOptions('Content-Type', type));
        const one = await patch([{ op: 'add', path: '/spec/minReadySeconds', value: 3 }], k8s.PatchStrategy.JsonPatch);
        assert.equal(one.spec.minReadySeconds, 3);
        const two = await patch({ metadata: { annotations: { note: 'merged' } } }, k8s.PatchStrategy.MergePatch);
        assert.equal(two.metadata.annotations.note, 'merged');
        const three = await patch({ spec: { template: { spec: { containers: [{ name: 'sidecar', image }] } } } }, k8s.PatchStrategy.StrategicMergePatch);
        assert.deepEqual(three.spec.template.spec.containers.map((c) => c.name).sort(), ['main', 'sidecar']);
        const applied = { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'patched', labels: { applied: 'yes' } } };
        const four = await patch(applied, k8s.PatchStrategy.ServerSideApply, { fieldManager: 'node-client', force: true });
        assert.equal(four.metadata.labels.applied, 'yes');
        assert.ok(four.metadata.managedFields.some((m) => m.manager === 'node-client' && m.operation === 'Apply'));
        const scale = await apps.readNamespacedDeploymentScale({ namespace, name: 'patched' });
        assert.equal(scale.spec.replicas, 0);
        await assert.rejects(patch([{ op: 'test', path: '/spec/replicas', value: 9 }], k8s.PatchStrategy.JsonPatch), (e) => e.code === 422);
    },

    async 'objects of any kind through the object API'() {
        const manifest = k8s.loadYaml(`{apiVersion: batch/v1, kind: CronJob, metadata: {name: any, namespace: ${namespace}}, spec: {schedule: "0 0 * * *", suspend: true, jobTemplate: {spec: {template: {spec: {restartPolicy: Never, containers: [{name: c, image: "${image}"}]}}}}}}`);
        await objects.create(manifest);
        const read = await objects.read(manifest);
        assert.equal(read.spec.concurrencyPolicy, 'Allow');
        await objects.patch({ apiVersion: 'batch/v1', kind: 'CronJob', metadata: manifest.metadata, spec: { schedule: '1 0 * * *' } }, undefined, undefined, undefined, undefined, k8s.PatchStrategy.MergePatch);
        read.metadata = (await objects.read(manifest)).metadata;
        await objects.replace({ ...read, spec: { ...read.spec, schedule: '2 0 * * *' } });
        assert.equal((await batch.readNamespacedCronJob({ namespace, name: 'any' })).spec.schedule, '2 0 * * *');
        assert.equal((await objects.list('batch/v1', 'CronJob', namespace)).items.length, 1);
        assert.equal((await objects.delete(manifest)).status, 'Success');
    },

    async 'a custom kind through the custom objects API'() {
        const extensions = config.makeApiClient(k8s.ApiextensionsV1Api);
        const custom = config.makeApiClient(k8s.CustomObjectsApi);
        const [group, version, plural] = [`${namespace}.example.com`, 'v1', 'gadgets'];
        await extensions.createCustomResourceDefinition({ body: { metadata: { name: `${plural}.${group}` }, spec: {
            group, scope: 'Namespaced', names: { plural, singular: 'gadget', kind: 'Gadget' },
            versions: [{ name: version, served: true, storage: true, schema: { openAPIV3Schema: { type: 'object', properties: { spec: { type: 'object', properties: { size: { type: 'integer', _default: 3 } } } } } } }],
        } } });
        await until(async () => (await extensions.readCustomResourceDefinition({ name: `${plural}.${group}` })).status?.conditions?.some((c) => c.type === 'Established' && c.status === 'True'), 'the definition is established');
        const created = await custom.createNamespacedCustomObject({ group, version, namespace, plural, body: { apiVersion: `${group}/${version}`, kind: 'Gadget', metadata: { name: 'g' }, spec: {} } });
        assert.equal(created.spec.size, 3);
        await custom.patchNamespacedCustomObject({ group, version, namespace, plural, name: 'g', body: { spec: { size: 5 } } }, k8s.setHeaderOptions('Content-Type', k8s.PatchStrategy.MergePatch));
        assert.equal((await custom.listNamespacedCustomObject({ group, version, namespace, plural })).items[0].spec.size, 5);
        await extensions.deleteCustomResourceDefinition({ name: `${plural}.${group}` });
    },

    async 'a watch from a list, with bookmarks'() {
        const list = await core.listNamespacedConfigMap({ namespace });
        const seen = [];
        const watch = await new k8s.Watch(config).watch(`/api/v1/namespaces/${namespace}/configmaps`, { resourceVersion: list.metadata.resourceVersion, allowWatchBookmarks: true, labelSelector: 'watched' },
            (type, obj) => seen.push(`${type} ${obj.metadata.name}`), () => {});
        await core.createNamespacedConfigMap({ namespace, body: { metadata: { name: 'w', labels: { watched: 'yes' } } } });
        await core.patchNamespacedConfigMap({ namespace, name: 'w', body: { data: { x: 'y' } } }, k8s.setHeaderOptions('Content-Type', k8s.PatchStrategy.MergePatch));
        await core.deleteNamespacedConfigMap({ namespace, name: 'w' });
        await until(() => seen.length >= 3, 'three events');
        watch.abort();
        assert.deepEqual(seen, ['ADDED w', 'MODIFIED w', 'DELETED w']);
        await new Promise((resolve) => new k8s.Watch(config).watch(`/api/v1/namespaces/${namespace}/configmaps`, { timeoutSeconds: 1 }, () => {}, resolve));
    },

    async 'an informer follows the objects'() {
        await core.createNamespacedConfigMap({ namespace, body: { metadata: { name: 'first', labels: { informed: 'yes' } } } });
        const informer = k8s.makeInformer(config, `/api/v1/namespaces/${namespace}/configmaps`, () => core.listNamespacedConfigMap({ namespace, labelSelector: 'informed' }), 'informed');
        const seen = [];
        for (const event of ['add', 'update', 'delete']) informer.on(event, (obj) => seen.push(`${event} ${obj.metadata.name}`));
        informer.on('error', (error) => seen.push(`error ${error}`));
        await informer.start();
        await until(() => seen.length === 1, 'what is there');
        await core.createNamespacedConfigMap({ namespace, body: { metadata: { name: 'second', labels: { informed: 'yes' } } } });
        await core.patchNamespacedConfigMap({ namespace, name: 'first', body: { data: { x: 'y' } } }, k8s.setHeaderOptions('Content-Type', k8s.PatchStrategy.StrategicMergePatch));
        await core.patchNamespacedConfigMap({ namespace, name: 'second', body: [{ op: 'remove', path: '/metadata/labels/informed' }] }, k8s.setHeaderOptions('Content-Type', k8s.PatchStrategy.JsonPatch));
        await until(() => seen.length >= 4, 'three changes');
        assert.deepEqual(seen, ['add first', 'add second', 'update first', 'delete second']);
        assert.deepEqual(informer.list(namespace).map((o) => o.metadata.name), ['first']);
        assert.equal(informer.get('first', namespace).data.x, 'y');
        await informer.stop();
    },

    async 'a pod runs; its log, commands, files and ports'() {
        await core.createNamespacedPod({ namespace, body: { metadata: { name: 'pod' }, spec: { terminationGracePeriodSeconds: 1, containers: [{
            name: 'main', image, imagePullPolicy: 'IfNotPresent', command: ['sh', '-c', 'echo started; mkdir /www; echo served > /www/index.html; exec httpd -f -p 8080 -h /www'],
        }] } } });
        await until(async () => (await core.readNamespacedPod({ namespace, name: 'pod' })).status.conditions?.some((c) => c.type === 'Ready' && c.status === 'True'), 'the pod is ready');
        await until(async () => (await core.readNamespacedPodLog({ namespace, name: 'pod', container: 'main' })) === 'started\n', 'its log');
        const followed = text();
        const log = await new k8s.Log(config).log(namespace, 'pod', 'main', followed.stream, { follow: true, tailLines: 5 });
        await until(() => followed.value() === 'started\n', 'its followed log');
        log.abort();

        const [out, err] = [text(), text()];
        const status = await new Promise((resolve, reject) => new k8s.Exec(config).exec(namespace, 'pod', 'main', ['sh', '-c', 'cat; echo err >&2; exit 3'], out.stream, err.stream, Readable.from(['through stdin']), false, resolve).catch(reject));
        assert.equal(status.status, 'Failure');
        assert.equal(status.details.causes[0].message, '3');
        assert.deepEqual([out.value(), err.value()], ['through stdin', 'err\n']);

        const file = join(await mkdtemp(join(tmpdir(), 'node-client-')), 'file.txt');
        await writeFile(file, 'copied');
        await new k8s.Cp(config).cpToPod(namespace, 'pod', 'main', file, '/tmp');
        await until(async () => await run(['find', '/tmp', '-name', 'file.txt', '-exec', 'cat', '{}', ';']) === 'copied', 'the copied file');

        const [input, answer] = [new PassThrough(), text()];
        const forward = await new k8s.PortForward(config).portForward(namespace, 'pod', [8080], answer.stream, null, input);
        input.write('GET / HTTP/1.0\r\n\r\n');
        await until(() => answer.value().includes('served'), 'an answer through the forwarded port');
        (typeof forward === 'function' ? forward() : forward)?.close();
        input.destroy();
        await core.deleteNamespacedPod({ namespace, name: 'pod', gracePeriodSeconds: 0 });
    },

    async 'attach talks to the main process'() {
        await core.createNamespacedPod({ namespace, body: { metadata: { name: 'echo' }, spec: { restartPolicy: 'Never', terminationGracePeriodSeconds: 1, containers: [{
            name: 'main', image, imagePullPolicy: 'IfNotPresent', stdin: true, stdinOnce: true, command: ['sh', '-c', 'read line; echo got $line'],
        }] } } });
        await until(async () => (await core.readNamespacedPod({ namespace, name: 'echo' })).status.containerStatuses?.[0].state.running, 'the pod runs');
        const [out, input] = [text(), new PassThrough()];
        const socket = await new k8s.Attach(config).attach(namespace, 'echo', 'main', out.stream, null, input, false);
        input.write('hello\n');
        await until(() => out.value() === 'got hello\n', 'the answer');
        if (socket.readyState !== socket.CLOSED) await once(socket, 'close');
    },

    async 'tokens, reviews and who one is'() {
        const token = await core.createNamespacedServiceAccountToken({ namespace, name: 'default', body: { spec: { audiences: [], expirationSeconds: 600 } } });
        const review = await config.makeApiClient(k8s.AuthenticationV1Api).createTokenReview({ body: { spec: { token: token.status.token } } });
        assert.equal(review.status.user.username, `system:serviceaccount:${namespace}:default`);
        const access = await config.makeApiClient(k8s.AuthorizationV1Api).createSelfSubjectAccessReview({ body: { spec: { resourceAttributes: { verb: 'delete', resource: 'nodes' } } } });
        assert.equal(access.status.allowed, true);
        const account = new k8s.KubeConfig();
        account.loadFromOptions({ clusters: config.clusters, contexts: [{ name: 'c', cluster: config.clusters[0].name, user: 'u' }], users: [{ name: 'u', token: token.status.token }], currentContext: 'c' });
        await assert.rejects(account.makeApiClient(k8s.CoreV1Api).listNode(), (e) => e.code === 403);
    },
};

function deployment(name, replicas) {
    return { metadata: { name }, spec: { replicas, selector: { matchLabels: { app: name } }, template: { metadata: { labels: { app: name } }, spec: { containers: [{ name: 'main', image }] } } } };
}

/** A stream and what was written to it. */
function text() {
    const chunks = [];
    return { stream: new Writable({ write: (chunk, _, done) => { chunks.push(Buffer.from(chunk)); done(); } }), value: () => Buffer.concat(chunks).toString() };
}

async function run(command) {
    const out = text();
    await new Promise((resolve, reject) => new k8s.Exec(config).exec(namespace, 'pod', 'main', command, out.stream, null, null, false, resolve).catch(reject));
    return out.value();
}

async function until(condition, what) {
    const deadline = Date.now() + patience;
    while (!(await condition())) {
        assert.ok(Date.now() < deadline, `${what} did not come about`);
        await new Promise((resolve) => setTimeout(resolve, 50));
    }
}

// The steps have nothing to do with each other.
const results = await Promise.allSettled(Object.entries(steps).map(async ([name, step]) => {
    try {
        await step();
        console.log(`ok ${name}`);
    } catch (error) {
        throw new Error(`${name}: ${error?.body ?? ''} ${error?.stack ?? error?.message ?? error}`);
    }
}));
for (const { reason } of results.filter((r) => r.status === 'rejected')) console.error(reason.message);
process.exit(results.some((r) => r.status === 'rejected') ? 1 : 0);
