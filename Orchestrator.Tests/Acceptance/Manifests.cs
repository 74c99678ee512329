namespace Orchestrator.Tests.Acceptance;

/// <summary>Manifests of the acceptance tests.</summary>
internal static class Manifests
{
    /// <summary>The manifest: ConfigMap, Secret, Service and a Deployment that uses all of them.</summary>
    public static string Web(string ns, int replicas = 3) => $$$"""
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: settings, namespace: {{{ns}}} }
        data: {colour: blue, app.conf: "level=debug\n"}
        ---
        apiVersion: v1
        kind: Secret
        metadata: {name: login, namespace: {{{ns}}} }
        stringData: {password: swordfish}
        ---
        apiVersion: v1
        kind: Service
        metadata: {name: web, namespace: {{{ns}}} }
        spec:
          selector: {app: web}
          ports: [{name: http, port: 80, targetPort: http}]
        ---
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web, namespace: {{{ns}}}, labels: {app: web} }
        spec:
          replicas: {{{replicas}}}
          selector: {matchLabels: {app: web}}
          template:
            metadata: {labels: {app: web}}
            spec:
              terminationGracePeriodSeconds: 1
              containers:
              - name: web
                image: {{{ClusterFixture.Image}}}
                imagePullPolicy: IfNotPresent
                command: [sh, -c, "mkdir -p /scratch/www; echo hello > /scratch/www/index.html; echo started $COLOUR; exec httpd -f -p 8080 -h /scratch/www"]
                ports: [{name: http, containerPort: 8080}]
                env:
                - {name: COLOUR, valueFrom: {configMapKeyRef: {name: settings, key: colour} } }
                - {name: PASSWORD, valueFrom: {secretKeyRef: {name: login, key: password} } }
                - {name: POD_NAME, valueFrom: {fieldRef: {fieldPath: metadata.name} } }
                resources:
                  requests: {cpu: 10m, memory: 16Mi}
                  limits: {cpu: 500m, memory: 64Mi}
                readinessProbe: {httpGet: {path: /, port: http}, periodSeconds: 1}
                volumeMounts:
                - {name: settings, mountPath: /etc/settings}
                - {name: login, mountPath: /etc/login}
                - {name: scratch, mountPath: /scratch}
              volumes:
              - {name: settings, configMap: {name: settings}}
              - {name: login, secret: {secretName: login}}
              - {name: scratch, emptyDir: {}}
        """;

    /// <summary>A pod with one container that runs a shell line.</summary>
    public static string Pod(string ns, string name, string shell, string restartPolicy = "Always", string image = ClusterFixture.Image, string extra = "") => $$$"""
        apiVersion: v1
        kind: Pod
        metadata: {name: {{{name}}}, namespace: {{{ns}}}, labels: {app: {{{name}}} } }
        spec:
          restartPolicy: {{{restartPolicy}}}
          terminationGracePeriodSeconds: 1
          {{{extra}}}
          containers:
          - name: main
            image: {{{image}}}
            imagePullPolicy: IfNotPresent
            command: [sh, -c, "{{{shell}}}"]
        """;
}
