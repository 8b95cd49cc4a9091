using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace TrainingCluster.Kubernetes.Tests.ApiServer;

/// <summary>
/// An API server for tests: it speaks the REST and watch protocol of Kubernetes for the types that the coordinator and its users need, well
/// enough for the real client library and the real kubectl. It runs nothing: there are no nodes and no controllers.
/// </summary>
internal sealed class TestApiServer : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly List<ResourceType> _types = [.. ResourceType.BuiltIn];
    private readonly Lock _gate = new();
    private CancellationTokenSource _watches = new();
    private int _watchCount;
    private int _listCount;
    private int _expiredCount;

    private TestApiServer(WebApplication app) => _app = app;

    public ObjectStore Store { get; } = new();

    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>http://127.0.0.1:port.</summary>
    public string Url => _app.Urls.First();

    /// <summary>Every call is cut off, as if nobody were there.</summary>
    public bool IsAway { get; set; }

    /// <summary>Asked of each write: what it is to be answered with; null: as it ought to be.</summary>
    public Func<string, string, ApiProblem?>? Fault { get; set; }

    /// <summary>Methods and paths of all calls.</summary>
    public System.Collections.Concurrent.ConcurrentQueue<string> Calls { get; } = new();

    /// <summary>How many watches of TrainingJobs were begun.</summary>
    public int Watches => _watchCount;

    /// <summary>How many lists of TrainingJobs were asked for.</summary>
    public int Lists => _listCount;

    /// <summary>How many watches were told that their version is too old.</summary>
    public int Expired => _expiredCount;

    /// <summary>How often watches send a bookmark.</summary>
    public TimeSpan BookmarkInterval { get; init; } = TimeSpan.FromSeconds(1);

    public static async Task<TestApiServer> StartAsync(params JsonObject[] definitions)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        var server = new TestApiServer(app);
        app.Run(server.ServeAsync);
        await app.StartAsync();
        foreach (var ns in (string[])["default", "research"])
        {
            server.Store.Add(
                ResourceType.BuiltIn[0],
                new JsonObject
                {
                    ["apiVersion"] = "v1",
                    ["kind"] = "Namespace",
                    ["metadata"] = new JsonObject { ["name"] = ns },
                },
                server.Time.GetUtcNow()
            );
        }
        foreach (var definition in definitions)
        {
            server.Define(definition);
        }
        return server;
    }

    /// <summary>The type of this name.</summary>
    public ResourceType Type(string plural)
    {
        lock (_gate)
        {
            return _types.Single(type => type.Plural == plural);
        }
    }

    /// <summary>Defines a type, or defines it anew.</summary>
    public void Define(JsonObject definition)
    {
        var type = ResourceType.Of(definition);
        lock (_gate)
        {
            _types.RemoveAll(other => (other.Group, other.Plural) == (type.Group, type.Plural));
            _types.Add(type);
        }
    }

    /// <summary>Breaks all watches off.</summary>
    public void DropWatches()
    {
        var old = Interlocked.Exchange(ref _watches, new());
        old.Cancel();
    }

    /// <summary>An object; null: there is none.</summary>
    public JsonObject? Find(string plural, string ns, string name) => Store.Find(Type(plural), ns, name);

    public async ValueTask DisposeAsync()
    {
        DropWatches();
        await _app.StopAsync(new CancellationToken(true));
        await _app.DisposeAsync();
        _watches.Dispose();
    }

    private async Task ServeAsync(HttpContext context)
    {
        Calls.Enqueue($"{context.Request.Method} {context.Request.Path}");
        if (IsAway)
        {
            context.Abort();
            return;
        }
        try
        {
            if (Fault?.Invoke(context.Request.Method, context.Request.Path) is { } fault)
            {
                throw fault;
            }
            await AnswerAsync(context);
        }
        catch (ApiProblem problem)
        {
            await SendAsync(context, problem.Status, problem.Code);
        }
    }

    private async Task AnswerAsync(HttpContext context)
    {
        var path = context.Request.Path.Value!.Trim('/');
        var aggregated = Accepts(context, "as=APIGroupDiscoveryList");
        ResourceType[] types;
        lock (_gate)
        {
            types = [.. _types];
        }
        if (path is "api" or "apis" && aggregated)
        {
            const string v2 = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";
            await SendAsync(context, Discovery.Aggregated(types, path == "api"), 200, v2);
            return;
        }
        var known = path switch
        {
            "version" => new JsonObject
            {
                ["major"] = "1",
                ["minor"] = "32",
                ["gitVersion"] = "v1.32.4",
            },
            "api" => Discovery.Versions(),
            "apis" => Discovery.Groups(types),
            "openapi/v3" => Discovery.Paths(types, Store.Version),
            _ when path.StartsWith("openapi/v3/", StringComparison.Ordinal) => Discovery.OpenApi([
                .. types.Where(type => type.Root == path["openapi/v3/".Length..]),
            ]),
            _ when types.FirstOrDefault(type => type.Root == path) is { } one => Discovery.Resources(one.ApiVersion, types),
            _ => null,
        };
        if (known is not null)
        {
            await SendAsync(context, known, 200);
            return;
        }
        var target = ApiPath.Read(path, types) ?? throw new ApiProblem(404, "NotFound", "the server could not find the requested resource");
        await new ApiCall(this, context, target).AnswerAsync();
    }

    internal void CountWatch() => Interlocked.Increment(ref _watchCount);

    internal void CountList() => Interlocked.Increment(ref _listCount);

    internal void CountExpired() => Interlocked.Increment(ref _expiredCount);

    /// <summary>Ends when the watches are broken off.</summary>
    internal CancellationToken WatchesDropped => _watches.Token;

    internal static bool Accepts(HttpContext context, string what) =>
        context.Request.Headers.Accept.ToString().Contains(what, StringComparison.Ordinal);

    internal static async Task SendAsync(HttpContext context, JsonNode body, int code, string type = "application/json")
    {
        context.Response.StatusCode = code;
        context.Response.ContentType = type;
        await context.Response.WriteAsync(body.ToJsonString(), context.RequestAborted);
    }
}

/// <summary>What a path names.</summary>
internal sealed record ApiPath(ResourceType Type, string Namespace, string Name, string Subresource)
{
    public static ApiPath? Read(string path, IEnumerable<ResourceType> types)
    {
        foreach (var root in types.Select(type => type.Root).Distinct())
        {
            if (!path.StartsWith(root + "/", StringComparison.Ordinal))
            {
                continue;
            }
            var parts = path[(root.Length + 1)..].Split('/');
            var ns = "";
            if (parts is ["namespaces", _, _, ..])
            {
                (ns, parts) = (parts[1], parts[2..]);
            }
            if (types.FirstOrDefault(type => type.Root == root && type.Plural == parts[0]) is { } type)
            {
                return new(type, ns, parts.Length > 1 ? parts[1] : "", parts.Length > 2 ? parts[2] : "");
            }
        }
        return null;
    }
}
