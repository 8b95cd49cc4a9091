using System.Text.Json.Nodes;
using TrainingCluster.Jobs;

namespace TrainingCluster.Tests.Jobs;

public class JobSpecSchemaTests
{
    private static readonly JsonObject s_schema = JobSpecSchema.Create();

    [Fact]
    public void Create_EverySetting_HasItsPlace()
    {
        foreach (var setting in JobSettings.All)
        {
            var schema = At(setting.Path);
            Assert.StartsWith(setting.Rules.Help, (string?)schema["description"], StringComparison.Ordinal);
            Assert.Contains((string?)schema["type"], (string[])["string", "boolean", "integer", "number"]);
            Assert.Equal(setting.Rules.HasMax, schema["maximum"] is not null);
            Assert.Equal(setting.Rules.OneOf.Count, schema["enum"]?.AsArray().Count ?? 0);
        }
    }

    [Theory]
    [InlineData(
        "training.logicalShards",
        """
            {"type":"integer","description":"V: micro-batches in a step, at least workers.max. A power of two. Default: 8.",
            "format":"int32","minimum":1,"maximum":1024}
            """
    )]
    [InlineData(
        "model.dropout",
        """
            {"type":"number","description":"Dropout of embeddings, residuals and inner features. Default: 0.1.",
            "format":"double","minimum":0,"maximum":1,"exclusiveMaximum":true}
            """
    )]
    [InlineData(
        "model.norm",
        """
            {"type":"string","description":"Layer normalisation before each sublayer, or after each residual. Default: pre.",
            "enum":["pre","post"]}
            """
    )]
    [InlineData(
        "name",
        """{"type":"string","description":"A name for people. Default: job.","pattern":"^(?:[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)$"}"""
    )]
    [InlineData(
        "seed",
        """{"type":"integer","description":"Everything random draws from this. Default: 1.","format":"int64","minimum":0}"""
    )]
    public void Create_OneSetting_SaysItsRules(string path, string expected) =>
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(expected), At(path)), At(path).ToJsonString());

    private static JsonObject At(string path) =>
        path.Split('.').Aggregate(s_schema, (schema, name) => schema["properties"]![name]!.AsObject());
}
