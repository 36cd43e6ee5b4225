"""The dictionary that live objects are compressed with: the texts that most of them share.

It makes a typical object half as large. Entries live as long as the process, so it may be changed at any time.
"""

import re

_FIELDS = re.findall(
    r"\w+",
    """
    namespace type clusterIP clusterIPs ipFamilies ipFamilyPolicy internalTrafficPolicy sessionAffinity targetPort
    rules apiGroups verbs roleRef subjects kind apiGroup finalizers ownerReferences serviceAccountName
    serviceAccount nodeSelector tolerations affinity initContainers securityContext runAsNonRoot runAsUser
    capabilities volumes configMap defaultMode secret secretName emptyDir volumeMounts mountPath readOnly env value
    valueFrom fieldRef fieldPath secretKeyRef configMapKeyRef key envFrom livenessProbe readinessProbe httpGet path
    port scheme tcpSocket exec command args failureThreshold initialDelaySeconds periodSeconds successThreshold
    timeoutSeconds resources limits requests cpu memory ports containerPort protocol image imagePullPolicy name
    terminationMessagePath terminationMessagePolicy restartPolicy terminationGracePeriodSeconds dnsPolicy
    schedulerName replicas revisionHistoryLimit progressDeadlineSeconds strategy rollingUpdate maxSurge
    maxUnavailable selector matchLabels template app labels annotations data spec
    """,
)

_VALUES = (
    '"protocol":"TCP"}],"terminationMessagePath":"/dev/termination-log","terminationMessagePolicy":"File",'
    '"imagePullPolicy":"IfNotPresent","timeoutSeconds":1,"periodSeconds":10,"successThreshold":1,"failureThreshold":3},'
    '"restartPolicy":"Always","terminationGracePeriodSeconds":30,"dnsPolicy":"ClusterFirst","securityContext":{},'
    '"schedulerName":"default-scheduler"}},"strategy":{"type":"RollingUpdate","rollingUpdate":{"maxUnavailable":"25%",'
    '"maxSurge":"25%"}},"revisionHistoryLimit":10,"progressDeadlineSeconds":600},"status":{"observedGeneration":1,'
    '"replicas":1,"updatedReplicas":1,"readyReplicas":1,"availableReplicas":1,"conditions":[{"type":"Available",'
    '"status":"True","lastUpdateTime":"2026-01-01T00:00:00Z","lastTransitionTime":"2026-01-01T00:00:00Z","reason":'
    '"MinimumReplicasAvailable","message":"Deployment has minimum availability."},{"type":"Progressing",'
    '"status":"True","reason":"NewReplicaSetAvailable","message":'
    '"ReplicaSet has successfully progressed."}],"type":"ClusterIP"'
)

_STATUS = (
    '"f:status":{"f:availableReplicas":{},"f:conditions":{".":{},"k:{\\"type\\":\\"Available\\"}":{".":{},'
    '"f:lastTransitionTime":{},"f:lastUpdateTime":{},"f:message":{},"f:reason":{},"f:status":{},"f:type":{}},'
    '"k:{\\"type\\":\\"Progressing\\"}":{".":{}}},"f:observedGeneration":{},"f:readyReplicas":{},"f:replicas":{},'
    '"f:updatedReplicas":{}}},"subresource":"status"}'
)

_MANAGED = (
    '{"manager":"kube-controller-manager","operation":"Update","apiVersion":"apps/v1","time":"2026-01-01T00:00:00Z",'
    '"fieldsType":"FieldsV1","fieldsV1":{"f:metadata":{"f:annotations":{"f:deployment.kubernetes.io/revision":{}}},'
    '"f:spec":{"f:template":{"f:spec":{"f:containers":{"k:{\\"name\\":\\"app\\"}":{".":{},"f:env":{"k:{\\"name\\":\\"A\\"}":'
    '{".":{},"f:name":{},"f:value":{}}},"f:ports":{"k:{\\"containerPort\\":80,\\"protocol\\":\\"TCP\\"}":{".":{},'
    '"k:{\\"port\\":80,\\"protocol\\":\\"TCP\\"}":{".":{},"f:volumeMounts":{"k:{\\"mountPath\\":\\"/data\\"}":{".":{}'
)

_HEAD = (
    '{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"app","namespace":"default","uid":"","resourceVersion":'
    '"1","generation":1,"creationTimestamp":"2026-01-01T00:00:00Z","labels":{"app":"","app.kubernetes.io/name":"",'
    '"app.kubernetes.io/instance":"","app.kubernetes.io/part-of":"","helm.sh/chart":""},"annotations":{'
    '"argocd.argoproj.io/tracking-id":":apps/Deployment:/","deployment.kubernetes.io/revision":"1"},"managedFields":['
    '{"manager":"argocd-controller","operation":"Apply","apiVersion":"apps/v1","time":"2026-01-01T00:00:00Z",'
    '"fieldsType":"FieldsV1","fieldsV1":{"f:metadata":{"f:annotations":{"f:argocd.argoproj.io/tracking-id":{}},'
    '"f:labels":{"f:app":{},"f:app.kubernetes.io/name":{}}},"f:spec":{'
)

WORDS = "".join(
    (
        *(f'"{name}":{{"' for name in _FIELDS),
        *(f'"f:{name}":{{}},' for name in _FIELDS),
        _VALUES,
        _STATUS,
        _MANAGED,
        _HEAD,
    )
).encode()
