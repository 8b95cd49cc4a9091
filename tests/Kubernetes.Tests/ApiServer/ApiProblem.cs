using System.Text.Json.Nodes;

namespace TrainingCluster.Kubernetes.Tests.ApiServer;

/// <summary>An answer that is no success, as Kubernetes gives it: a Status.</summary>
internal sealed class ApiProblem(int code, string reason, string message, JsonObject? details = null) : Exception(message)
{
    public int Code => code;

    public JsonObject Status =>
        new()
        {
            ["kind"] = "Status",
            ["apiVersion"] = "v1",
            ["metadata"] = new JsonObject(),
            ["status"] = "Failure",
            ["message"] = Message,
            ["reason"] = reason,
            ["details"] = details?.DeepClone() ?? new JsonObject(),
            ["code"] = code,
        };

    public static ApiProblem NotFound(ResourceType type, string name) =>
        new(
            404,
            "NotFound",
            $"{type.Plural}{(type.Group.Length > 0 ? $".{type.Group}" : "")} \"{name}\" not found",
            new JsonObject
            {
                ["name"] = name,
                ["group"] = type.Group,
                ["kind"] = type.Plural,
            }
        );

    public static ApiProblem Conflict(string name) =>
        new(
            409,
            "Conflict",
            $"Operation cannot be fulfilled on \"{name}\": the object has been modified; please apply your changes to the latest version"
        );

    public static ApiProblem Expired(long version, long oldest) => new(410, "Expired", $"too old resource version: {version} ({oldest})");

    public static ApiProblem Invalid(ResourceType type, string name, IReadOnlyList<(string Field, string Message)> causes) =>
        new(
            422,
            "Invalid",
            $"{type.Kind}{(type.Group.Length > 0 ? $".{type.Group}" : "")} \"{name}\" is invalid: "
                + (
                    causes.Count == 1
                        ? $"{causes[0].Field}: {causes[0].Message}"
                        : $"[{string.Join(", ", causes.Select(c => $"{c.Field}: {c.Message}"))}]"
                ),
            new JsonObject
            {
                ["name"] = name,
                ["group"] = type.Group,
                ["kind"] = type.Kind,
                ["causes"] = new JsonArray([
                    .. causes.Select(cause => new JsonObject
                    {
                        ["reason"] = "FieldValueInvalid",
                        ["message"] = cause.Message,
                        ["field"] = cause.Field,
                    }),
                ]),
            }
        );
}
