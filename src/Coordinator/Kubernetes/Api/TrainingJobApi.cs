using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using k8s;
using k8s.Autorest;
using k8s.Models;
using TrainingCluster.Coordinator.Kubernetes.Decisions;
using TrainingCluster.Coordinator.Kubernetes.Definition;

namespace TrainingCluster.Coordinator.Kubernetes.Api;

/// <summary>What the controller writes to the API server, and reads beside its watch.</summary>
/// <param name="client">The API server.</param>
/// <param name="time">The clock.</param>
internal sealed class TrainingJobApi(IKubernetes client, TimeProvider time)
{
    private const int LongestEventName = 253;
    private const int LongestMessage = 1024;

    /// <summary>Writes the status by server-side apply: fields of others stay theirs.</summary>
    /// <returns>The object as it is then; null: it is gone.</returns>
    public async Task<TrainingJob?> WriteStatusAsync(TrainingJob item, TrainingJobStatus status, CancellationToken cancellationToken)
    {
        var body = new JsonObject
        {
            ["apiVersion"] = TrainingJobNames.ApiVersion,
            ["kind"] = TrainingJobNames.Kind,
            // The uid keeps it from an object of the same name that came later.
            ["metadata"] = new JsonObject
            {
                ["name"] = item.Name,
                ["namespace"] = item.Namespace,
                ["uid"] = item.Uid,
            },
            ["status"] = status.ToJson(item.Status, time.GetUtcNow()),
        };
        return await FoundAsync(() =>
            client.CustomObjects.PatchNamespacedCustomObjectStatusAsync<JsonElement>(
                new V1Patch(body.ToJsonString(), V1Patch.PatchType.ApplyPatch),
                TrainingJobNames.Group,
                TrainingJobNames.Version,
                item.Namespace,
                TrainingJobNames.Plural,
                item.Name,
                fieldManager: TrainingJobNames.FieldManager,
                force: true,
                cancellationToken: cancellationToken
            )
        );
    }

    /// <summary>Sets the finalizers, if nobody has written the object meanwhile: 409 otherwise.</summary>
    public async Task<TrainingJob?> WriteFinalizersAsync(
        TrainingJob item,
        IEnumerable<string> finalizers,
        CancellationToken cancellationToken
    )
    {
        var body = new JsonObject
        {
            ["metadata"] = new JsonObject
            {
                ["resourceVersion"] = item.ResourceVersion,
                ["finalizers"] = new JsonArray([.. finalizers.Select(name => (JsonNode)name)]),
            },
        };
        return await FoundAsync(() =>
            client.CustomObjects.PatchNamespacedCustomObjectAsync<JsonElement>(
                new V1Patch(body.ToJsonString(), V1Patch.PatchType.MergePatch),
                TrainingJobNames.Group,
                TrainingJobNames.Version,
                item.Namespace,
                TrainingJobNames.Plural,
                item.Name,
                fieldManager: TrainingJobNames.FieldManager,
                cancellationToken: cancellationToken
            )
        );
    }

    /// <summary>Deletes the object, not one of its name that came later.</summary>
    public Task DeleteAsync(TrainingJob item, CancellationToken cancellationToken) =>
        FoundAsync(async () =>
        {
            await client.CustomObjects.DeleteNamespacedCustomObjectAsync(
                TrainingJobNames.Group,
                TrainingJobNames.Version,
                item.Namespace,
                TrainingJobNames.Plural,
                item.Name,
                new V1DeleteOptions { Preconditions = new V1Preconditions { Uid = item.Uid } },
                cancellationToken: cancellationToken
            );
            return default;
        });

    /// <summary>Tells Kubernetes of something, once.</summary>
    public async Task AnnounceAsync(TrainingJob item, Announcement what, CancellationToken cancellationToken)
    {
        // The same thing has the same name, whoever tells it: ids have characters that names must not have.
        var hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{item.Uid}\n{what.Id}")));
        var tail = $".{hash[..16]}";
        var name =
            item.Name.Length + tail.Length > LongestEventName ? item.Name[..(LongestEventName - tail.Length)].TrimEnd('.', '-') : item.Name;
        var message = what.Message.Length > LongestMessage ? what.Message[..LongestMessage] : what.Message;
        try
        {
            await client.CoreV1.CreateNamespacedEventAsync(
                new Corev1Event
                {
                    Metadata = new V1ObjectMeta { Name = name + tail, NamespaceProperty = item.Namespace },
                    InvolvedObject = new V1ObjectReference
                    {
                        ApiVersion = TrainingJobNames.ApiVersion,
                        Kind = TrainingJobNames.Kind,
                        Name = item.Name,
                        NamespaceProperty = item.Namespace,
                        Uid = item.Uid,
                        ResourceVersion = item.ResourceVersion,
                    },
                    Reason = what.Reason,
                    Message = message,
                    Type = what.IsWarning ? "Warning" : "Normal",
                    Source = new V1EventSource { Component = TrainingJobNames.FieldManager },
                    FirstTimestamp = what.Time.UtcDateTime,
                    LastTimestamp = what.Time.UtcDateTime,
                    Count = 1,
                },
                item.Namespace,
                cancellationToken: cancellationToken
            );
        }
        catch (HttpOperationException e)
            when (e.Response.StatusCode == HttpStatusCode.Conflict || (e.Response.StatusCode == HttpStatusCode.Forbidden && item.Deleting))
        {
            // It was told before, or the namespace goes, and takes no events any more.
        }
    }

    /// <summary>The files of a ConfigMap; null: there is none of this name.</summary>
    public async Task<IReadOnlyDictionary<string, byte[]>?> ConfigMapAsync(string ns, string name, CancellationToken cancellationToken)
    {
        try
        {
            var map = await client.CoreV1.ReadNamespacedConfigMapAsync(name, ns, cancellationToken: cancellationToken);
            var files = new Dictionary<string, byte[]>(StringComparer.Ordinal);
            foreach (var (key, text) in map.Data ?? new Dictionary<string, string>())
            {
                files[key] = Encoding.UTF8.GetBytes(text);
            }
            foreach (var (key, bytes) in map.BinaryData ?? new Dictionary<string, byte[]>())
            {
                files[key] = bytes;
            }
            return files;
        }
        catch (HttpOperationException e) when (e.Response.StatusCode == HttpStatusCode.NotFound)
        {
            return null;
        }
    }

    /// <summary>How many replicas a StatefulSet is to have; null: there is none of this name.</summary>
    public async Task<int?> ReplicasAsync(string ns, string name, CancellationToken cancellationToken)
    {
        try
        {
            var scale = await client.AppsV1.ReadNamespacedStatefulSetScaleAsync(name, ns, cancellationToken: cancellationToken);
            return scale.Spec.Replicas ?? 0;
        }
        catch (HttpOperationException e) when (e.Response.StatusCode == HttpStatusCode.NotFound)
        {
            return null;
        }
    }

    /// <summary>Says how many replicas a StatefulSet is to have.</summary>
    public Task ScaleAsync(string ns, string name, int replicas, CancellationToken cancellationToken) =>
        client.AppsV1.PatchNamespacedStatefulSetScaleAsync(
            new V1Patch(
                new JsonObject { ["spec"] = new JsonObject { ["replicas"] = replicas } }.ToJsonString(),
                V1Patch.PatchType.MergePatch
            ),
            name,
            ns,
            fieldManager: TrainingJobNames.FieldManager,
            cancellationToken: cancellationToken
        );

    /// <summary>An object as it came from the API server.</summary>
    public static TrainingJob Read(JsonElement json) => TrainingJob.Read(JsonObject.Create(json) ?? []);

    private static async Task<TrainingJob?> FoundAsync(Func<Task<JsonElement>> call)
    {
        try
        {
            var answer = await call();
            return answer.ValueKind == JsonValueKind.Object ? Read(answer) : null;
        }
        catch (HttpOperationException e) when (e.Response.StatusCode == HttpStatusCode.NotFound)
        {
            return null;
        }
    }
}
