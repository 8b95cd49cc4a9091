using System.Text.Json;
using TrainingCluster.TestSupport.Api;
using TrainingCluster.V1;

namespace TrainingCluster.Serving.Tests.Api;

public class OpenApiTests
{
    private static CancellationToken Ended => TestContext.Current.CancellationToken;

    [Fact]
    public void Document_InTheSource_IsWhatTheProtoSays() =>
        GeneratedDocument.Verify(
            new OpenApiDocument("Training cluster: translations", "v1").Of(InferenceReflection.Descriptor.Services),
            "src",
            "Serving",
            "Api",
            "openapi.json"
        );

    [Fact]
    public async Task Pages_OfTheApi_NameEveryCall()
    {
        await using var server = await TestServer.StartAsync();
        using var document = JsonDocument.Parse(await server.Http.GetStringAsync("/openapi.json", Ended));
        var page = await server.Http.GetStringAsync("/api", Ended);
        Assert.Contains("<h1>Training cluster: translations: API</h1>", page, StringComparison.Ordinal);
        var paths = document.RootElement.GetProperty("paths").EnumerateObject().Select(path => path.Name).ToList();
        Assert.Contains("/v1/models", paths);
        Assert.All(paths, path => Assert.Contains(path, page, StringComparison.Ordinal));
        Assert.Contains("/v1/models/{model}:translate", paths);
        Assert.Contains("/v1/models/{model}:translateStream", paths);
    }
}
