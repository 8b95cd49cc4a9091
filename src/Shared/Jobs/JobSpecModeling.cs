using System.Text.Json.Nodes;
using Google.Protobuf;
using TrainingCluster.Modeling.Data;
using TrainingCluster.Modeling.Models;
using TrainingCluster.V1;

namespace TrainingCluster.Jobs;

/// <summary>What a job's specification means to the models and the data, which know no specification.</summary>
public static class JobSpecModeling
{
    /// <summary>The model's kind and shape; fields left out take the defaults of spec.proto.</summary>
    /// <exception cref="ArgumentException">A field has a value that it cannot have; the message names it.</exception>
    public static ModelOptions ToOptions(this ModelSpec spec) =>
        ModelOptions.FromJson((JsonObject)JsonNode.Parse(JsonFormatter.Default.Format(spec))!);

    /// <summary>The plan of a job whose specification is filled in. All who need it take it from here.</summary>
    public static TrainingPlan PlanTraining(this JobSpec spec, Dataset dataset)
    {
        ArgumentNullException.ThrowIfNull(spec);
        var training = spec.Training;
        // The specification counts source and target, the plan the wider of the two.
        var tokensPerMicroBatch = Math.Max(1, training.BatchTokens / training.LogicalShards / 2);
        return new(dataset, spec.Seed, tokensPerMicroBatch, training.LogicalShards);
    }
}
