using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace TrainingCluster.Kubernetes.Tests.ApiServer;

/// <summary>One watch: a line for each change after a version, and bookmarks while nothing happens.</summary>
internal sealed class ApiWatch(TestApiServer server, HttpContext context, ApiPath path, Func<JsonObject, bool> selected)
{
    private readonly ResourceType _type = path.Type;
    private readonly IQueryCollection _query = context.Request.Query;

    private DateTimeOffset Now => server.Time.GetUtcNow();

    /// <summary>Answers until the time is over, the client goes, or the test breaks it off.</summary>
    public async Task AnswerAsync()
    {
        var version = long.TryParse(_query["resourceVersion"].ToString(), CultureInfo.InvariantCulture, out var from) ? from : 0;
        var limit = double.TryParse(_query["timeoutSeconds"].ToString(), CultureInfo.InvariantCulture, out var s)
            ? TimeSpan.FromSeconds(s)
            : TimeSpan.FromMinutes(30);
        var bookmarks = _query["allowWatchBookmarks"] is ["true" or "True" or "1"];
        var table = TestApiServer.Accepts(context, "as=Table");
        if (_type.Schema is not null)
        {
            server.CountWatch();
        }
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, server.WatchesDropped);
        ended.CancelAfter(limit);
        context.Response.ContentType = "application/json;stream=watch";
        if (version == 0)
        {
            var (items, at) = server.Store.List(_type, path.Namespace);
            foreach (var item in items.Where(selected))
            {
                await EventAsync("ADDED", item, table);
            }
            version = at;
        }
        // The header goes out at once: the client waits for it.
        await context.Response.StartAsync(context.RequestAborted);
        await context.Response.Body.FlushAsync(context.RequestAborted);
        try
        {
            while (true)
            {
                var (changes, next, newest) = server.Store.After(_type, path.Namespace, version);
                foreach (var change in changes.Where(change => selected(change.Item)))
                {
                    await EventAsync(change.Type, change.Item, table);
                }
                version = newest;
                if (await Task.WhenAny(next, Task.Delay(server.BookmarkInterval, ended.Token)) != next)
                {
                    ended.Token.ThrowIfCancellationRequested();
                    if (bookmarks)
                    {
                        await EventAsync("BOOKMARK", Bookmark(version), table: false);
                    }
                }
                if (server.IsAway)
                {
                    context.Abort();
                    return;
                }
            }
        }
        catch (ApiProblem problem)
        {
            server.CountExpired();
            await LineAsync(new JsonObject { ["type"] = "ERROR", ["object"] = problem.Status });
        }
        catch (OperationCanceledException)
        {
            // Its time is over, the client has gone, or the test breaks it off.
        }
    }

    private JsonObject Bookmark(long version) =>
        new()
        {
            ["kind"] = _type.Kind,
            ["apiVersion"] = _type.ApiVersion,
            ["metadata"] = new JsonObject { ["resourceVersion"] = $"{version}", ["creationTimestamp"] = null },
        };

    private Task EventAsync(string type, JsonObject item, bool table) =>
        LineAsync(
            new JsonObject
            {
                ["type"] = type,
                ["object"] = table ? TableView.Of(_type, [item], server.Store.Version, Now) : item.DeepClone(),
            }
        );

    private async Task LineAsync(JsonObject line)
    {
        await context.Response.WriteAsync(line.ToJsonString() + "\n", context.RequestAborted);
        await context.Response.Body.FlushAsync(context.RequestAborted);
    }
}
