using System.Text.Json.Nodes;
using TrainingCluster.TestSupport.Api;
using TrainingCluster.V1;

namespace TrainingCluster.Coordinator.Tests.Api;

public class OpenApiTests
{
    private static string Document() =>
        new OpenApiDocument("Training cluster", "v1").Of(JobsReflection.Descriptor.Services.Concat(FilesReflection.Descriptor.Services));

    [Fact]
    public void Document_InTheSource_IsWhatTheProtosSay() =>
        GeneratedDocument.Verify(Document(), "src", "Coordinator", "Api", "openapi.json");

    [Fact]
    public void Document_EveryReference_LeadsSomewhere()
    {
        var document = JsonNode.Parse(Document())!;
        var schemas = document["components"]!["schemas"]!.AsObject();
        var references = References(document).Distinct().ToArray();
        Assert.NotEmpty(references);
        Assert.All(references, reference => Assert.True(schemas.ContainsKey(reference.Split('/')[^1]), reference));
    }

    private static IEnumerable<string> References(JsonNode? node) =>
        node switch
        {
            JsonObject map => map.SelectMany(p => p.Key == "$ref" ? [p.Value!.GetValue<string>()] : References(p.Value)),
            JsonArray list => list.SelectMany(References),
            _ => [],
        };
}
