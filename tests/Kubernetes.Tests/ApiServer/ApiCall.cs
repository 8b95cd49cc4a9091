using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace TrainingCluster.Kubernetes.Tests.ApiServer;

/// <summary>One call about objects: reading, writing, watching.</summary>
internal sealed class ApiCall(TestApiServer server, HttpContext context, ApiPath path)
{
    private readonly ResourceType _type = path.Type;
    private readonly IQueryCollection _query = context.Request.Query;

    private DateTimeOffset Now => server.Time.GetUtcNow();

    private string Manager =>
        _query["fieldManager"] is [{ Length: > 0 } given] ? given : context.Request.Headers.UserAgent.ToString().Split('/')[0];

    public async Task AnswerAsync()
    {
        switch (context.Request.Method)
        {
            case "GET" when path.Name.Length == 0 && _query["watch"] is ["true" or "True" or "1"]:
                await new ApiWatch(server, context, path, Selected).AnswerAsync();
                break;
            case "GET" when path.Name.Length == 0:
                await ListAsync();
                break;
            case "GET":
                await SendAsync(path.Subresource == "scale" ? Scale(Present()) : Present(), 200);
                break;
            case "POST":
                await SendAsync(Create(await BodyAsync()), 201);
                break;
            case "PUT":
                var replaced = await BodyAsync();
                await SendAsync(Write(_ => replaced.DeepClone().AsObject()), 200);
                break;
            case "PATCH":
                await PatchAsync();
                break;
            case "DELETE":
                await DeleteAsync();
                break;
            default:
                throw new ApiProblem(405, "MethodNotAllowed", "the server does not allow this method on the requested resource");
        }
    }

    private JsonObject Present() => server.Store.Find(_type, path.Namespace, path.Name) ?? throw ApiProblem.NotFound(_type, path.Name);

    private async Task ListAsync()
    {
        if (_type.Schema is not null)
        {
            server.CountList();
        }
        var (all, version) = server.Store.List(_type, path.Namespace);
        var items = all.Where(Selected).ToList();
        if (TestApiServer.Accepts(context, "as=Table"))
        {
            await TestApiServer.SendAsync(context, TableView.Of(_type, items, version, Now), 200);
            return;
        }
        await TestApiServer.SendAsync(
            context,
            new JsonObject
            {
                ["kind"] = $"{_type.Kind}List",
                ["apiVersion"] = _type.ApiVersion,
                ["metadata"] = new JsonObject { ["resourceVersion"] = $"{version}" },
                ["items"] = new JsonArray([.. items.Select(item => item.DeepClone())]),
            },
            200
        );
    }

    /// <summary>Fields of metadata, and those of events that kubectl describe asks by.</summary>
    private bool Selected(JsonObject item) =>
        (_query["fieldSelector"].ToString() is not { Length: > 0 } selector)
        || selector
            .Split(',')
            .Select(part => part.Split('=', 2))
            .All(part =>
                (string?)part[0].TrimEnd('=').Split('.').Aggregate((JsonNode?)item, (at, name) => at?[name]) == part[1].TrimStart('=')
            );

    private JsonObject Create(JsonObject item)
    {
        var metadata = (item["metadata"] ??= new JsonObject()).AsObject();
        if (_type.Namespaced)
        {
            metadata["namespace"] = path.Namespace;
        }
        if ((string?)metadata["name"] is null && (string?)metadata["generateName"] is { } prefix)
        {
            metadata["name"] = prefix + Guid.NewGuid().ToString("N")[..5];
        }
        RequireName((string?)metadata["name"] ?? "");
        if (_type.HasStatus)
        {
            item.Remove("status");
        }
        item = Admitted(item, null);
        new ManagedFields(_type, Now).Update(new JsonObject { ["metadata"] = new JsonObject() }, item, Manager, "");
        return Put(() => server.Store.Add(_type, item, Now));
    }

    private void RequireName(string name)
    {
        if (name.Length is 0 or > 253 || !name.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c is '-' or '.'))
        {
            throw ApiProblem.Invalid(_type, name, [("metadata.name", $"Invalid value: \"{name}\": a lowercase RFC 1123 subdomain")]);
        }
    }

    /// <summary>A write that is no server-side apply: what it changes belongs to the writer.</summary>
    private JsonObject Write(Func<JsonObject, JsonObject> change) =>
        Put(() =>
            server.Store.Update(
                _type,
                (path.Namespace, path.Name),
                present =>
                {
                    var next = Confined(present, change(present));
                    next = Admitted(next, present);
                    if (next["metadata"]!["managedFields"] is null && present["metadata"]!["managedFields"] is { } fields)
                    {
                        next["metadata"]!["managedFields"] = fields.DeepClone();
                    }
                    new ManagedFields(_type, Now).Update(present, next, Manager, path.Subresource);
                    return next;
                }
            )
        );

    /// <summary>A status is written through its subresource alone, and nothing else is.</summary>
    private JsonObject Confined(JsonObject present, JsonObject next)
    {
        if (!_type.HasStatus)
        {
            return next;
        }
        var (to, from) = path.Subresource == "status" ? (present.DeepClone().AsObject(), next) : (next, present);
        to.Remove("status");
        if (from["status"] is { } status)
        {
            to["status"] = status.DeepClone();
        }
        if (path.Subresource == "status")
        {
            to["metadata"]!["resourceVersion"] = next["metadata"]?["resourceVersion"]?.DeepClone();
            to["metadata"]!["managedFields"] = next["metadata"]?["managedFields"]?.DeepClone();
            if (next["metadata"]?["uid"] is { } uid)
            {
                to["metadata"]!["uid"] = uid.DeepClone();
            }
        }
        return to;
    }

    private async Task PatchAsync()
    {
        var type = context.Request.ContentType!.Split(';')[0];
        var body = await BodyAsync();
        if (path.Subresource == "scale")
        {
            var replicas = (int)body["spec"]!["replicas"]!;
            await SendAsync(
                Scale(Write(present => Merge(present, new JsonObject { ["spec"] = new JsonObject { ["replicas"] = replicas } }))),
                200
            );
            return;
        }
        switch (type)
        {
            case "application/apply-patch+yaml":
                await SendAsync(Apply(body), 200);
                break;
            case "application/merge-patch+json" or "application/strategic-merge-patch+json":
                await SendAsync(Write(present => Merge(present, body)), 200);
                break;
            default:
                throw new ApiProblem(415, "UnsupportedMediaType", $"the body of the request was in an unknown format {type}");
        }
    }

    private JsonObject Apply(JsonObject applied)
    {
        if (_query["fieldManager"] is not [{ Length: > 0 } manager])
        {
            throw new ApiProblem(
                422,
                "Invalid",
                "PatchOptions.meta.k8s.io \"\" is invalid: fieldManager: Required value: is required for apply patch"
            );
        }
        if (applied["metadata"]?["managedFields"] is not null)
        {
            throw new ApiProblem(400, "BadRequest", "metadata.managedFields must be nil");
        }
        var force = _query["force"] is ["true" or "True"];
        Unknown(applied);
        if (server.Store.Find(_type, path.Namespace, path.Name) is null)
        {
            if (path.Subresource.Length > 0 || applied["metadata"]?["uid"] is not null)
            {
                throw ApiProblem.NotFound(_type, path.Name);
            }
            RequireName(path.Name);
            var empty = new JsonObject
            {
                ["apiVersion"] = _type.ApiVersion,
                ["kind"] = _type.Kind,
                ["metadata"] = new JsonObject { ["name"] = path.Name },
            };
            if (_type.Namespaced)
            {
                empty["metadata"]!["namespace"] = path.Namespace;
            }
            if (_type.HasStatus)
            {
                applied.Remove("status");
            }
            var made = Admitted(new ManagedFields(_type, Now).Apply(empty, applied, manager, force, ""), null);
            return Put(() => server.Store.Add(_type, made, Now));
        }
        return Put(() =>
            server.Store.Update(
                _type,
                (path.Namespace, path.Name),
                present =>
                {
                    var own = applied.DeepClone().AsObject();
                    if (_type.HasStatus && path.Subresource != "status")
                    {
                        own.Remove("status");
                    }
                    var next = new ManagedFields(_type, Now).Apply(present, own, manager, force, path.Subresource);
                    foreach (var name in (string[])["uid", "resourceVersion"])
                    {
                        if (applied["metadata"]?[name] is { } value)
                        {
                            next["metadata"]![name] = value.DeepClone();
                        }
                    }
                    return Admitted(Confined(present, next), present);
                }
            )
        );
    }

    /// <summary>Fields that the schema does not have: refused, or taken away, as the caller wants it.</summary>
    private void Unknown(JsonObject item)
    {
        if (_type.Schema is null)
        {
            return;
        }
        var open = _type.Schema.DeepClone().AsObject();
        open["properties"]!["metadata"] = new JsonObject { ["type"] = "object" };
        var unknown = StructuralSchema.Prune(open, item);
        if (unknown.Count > 0 && _query["fieldValidation"] is ["Strict"])
        {
            throw new ApiProblem(
                400,
                "BadRequest",
                $"{_type.Kind} in version \"{_type.Version}\" cannot be handled as a {_type.Kind}: strict decoding error: "
                    + string.Join(", ", unknown.Select(field => $"unknown field \"{field}\""))
            );
        }
    }

    private JsonObject Admitted(JsonObject item, JsonObject? before)
    {
        if (_type.Schema is not { } schema)
        {
            return item;
        }
        Unknown(item);
        StructuralSchema.Default(schema, item);
        var problems = StructuralSchema.Validate(schema, item, before);
        return problems.Count == 0 ? item : throw ApiProblem.Invalid(_type, ObjectStore.Of(item, "name"), problems);
    }

    private JsonObject Put(Func<JsonObject> put)
    {
        var item = put();
        if (_type.Plural == "customresourcedefinitions" && item["metadata"]!["deletionTimestamp"] is null)
        {
            server.Define(item);
            return Established(item);
        }
        return item;
    }

    private JsonObject Established(JsonObject item)
    {
        if (item["status"] is not null)
        {
            return item;
        }
        return server.Store.Update(
            _type,
            ("", ObjectStore.Of(item, "name")),
            present =>
            {
                var next = present.DeepClone().AsObject();
                next["status"] = JsonNode.Parse(
                    """
                    {"conditions":[
                    {"type":"NamesAccepted","status":"True","reason":"NoConflicts","message":"",
                     "lastTransitionTime":"2026-01-01T00:00:00Z"},
                    {"type":"Established","status":"True","reason":"Accepted","message":"","lastTransitionTime":"2026-01-01T00:00:00Z"}]}
                    """
                );
                return next;
            }
        );
    }

    private async Task DeleteAsync()
    {
        var options = context.Request.ContentLength > 0 ? await BodyAsync() : [];
        var item = server.Store.Delete(_type, path.Namespace, path.Name, (string?)options["preconditions"]?["uid"], Now);
        await SendAsync(item, 200);
    }

    private JsonObject Scale(JsonObject item) =>
        new()
        {
            ["kind"] = "Scale",
            ["apiVersion"] = "autoscaling/v1",
            ["metadata"] = new JsonObject { ["name"] = path.Name, ["namespace"] = path.Namespace },
            ["spec"] = new JsonObject { ["replicas"] = item["spec"]?["replicas"]?.DeepClone() },
            ["status"] = new JsonObject { ["replicas"] = item["spec"]?["replicas"]?.DeepClone() },
        };

    /// <summary>JSON merge patch (RFC 7386).</summary>
    private static JsonObject Merge(JsonObject present, JsonObject patch)
    {
        var result = present.DeepClone().AsObject();
        foreach (var (name, value) in patch)
        {
            if (value is null)
            {
                result.Remove(name);
            }
            else
            {
                result[name] = value is JsonObject map ? Merge(result[name] as JsonObject ?? [], map) : value.DeepClone();
            }
        }
        return result;
    }

    private async Task<JsonObject> BodyAsync()
    {
        if (context.Request.ContentType?.Contains("protobuf", StringComparison.Ordinal) == true)
        {
            throw new ApiProblem(415, "UnsupportedMediaType", "this server takes JSON and YAML alone");
        }
        using var reader = new StreamReader(context.Request.Body, Encoding.UTF8);
        var text = await reader.ReadToEndAsync(context.RequestAborted);
        try
        {
            return text.Length == 0 ? [] : JsonNode.Parse(text)!.AsObject();
        }
        catch (JsonException)
        {
            return YamlText.Parse(text);
        }
    }

    private Task SendAsync(JsonObject item, int code) =>
        code == 200 && TestApiServer.Accepts(context, "as=Table") && path.Subresource.Length == 0 && context.Request.Method == "GET"
            ? TestApiServer.SendAsync(context, TableView.Of(_type, [item], server.Store.Version, Now), code)
            : TestApiServer.SendAsync(context, item, code);
}
