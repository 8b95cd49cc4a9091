using Google.Api;
using Google.Protobuf.Reflection;
using TrainingCluster.TestSupport;
using TrainingCluster.TestSupport.Api;
using TrainingCluster.V1;

namespace TrainingCluster.Tests.Api;

public class DocumentationTests
{
    [Fact]
    public void Protos_EveryServiceCallMessageFieldAndValue_IsDocumented() =>
        Assert.Empty(PublicApi.Everything().Where(thing => PublicApi.DocumentationOf(thing).Length == 0).Select(thing => thing.FullName));

    [Fact]
    public void Comments_OfAFileWithoutThem_AreMissed()
    {
        var path = Path.GetTempFileName();
        try
        {
            File.WriteAllText(
                path,
                """
                // M.
                message M {
                  // A.
                  optional int32 a = 1 [(rules) = {
                    default: "0" help: "b = 1"
                  }];
                  string b = 2;
                  string c = 3; // C.
                  oneof d { string e = 4; }
                }
                enum N {
                  N_UNSPECIFIED = 0;
                }
                """
            );
            Assert.Equal(
                [("cluster.v1.M", "M."), ("cluster.v1.M.a", "A."), ("cluster.v1.M.c", "C.")],
                ProtoComments.Of(path).Select(comment => (comment.Key, comment.Value)).Order()
            );
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public void Requests_EveryField_SaysWhetherItIsNeeded()
    {
        var requests = PublicApi.Files.SelectMany(file => file.Services).SelectMany(service => service.Methods).Select(m => m.InputType);
        Assert.Empty(
            requests
                .Append(Job.Descriptor)
                .SelectMany(message => message.Fields.InDeclarationOrder())
                .Where(field => BehaviorOf(field).Count == 0)
                .Select(field => field.FullName)
                .Distinct()
        );
    }

    [Fact]
    public void Protos_OfEveryFile_NameTheirPackagesInOtherLanguages()
    {
        foreach (var file in PublicApi.Files.Concat(PublicApi.Internal))
        {
            var options = file.GetOptions();
            Assert.True(
                options is { HasGoPackage: true, HasJavaPackage: true, JavaMultipleFiles: true, HasObjcClassPrefix: true },
                file.Name
            );
            Assert.True(options is { HasPhpNamespace: true, HasRubyPackage: true, HasJavaOuterClassname: true }, file.Name);
        }
    }

    [Fact]
    public void Protos_InTheFolder_AreAllKnownHere()
    {
        var known = PublicApi.Files.Concat(PublicApi.Internal).Select(file => Path.GetFileName(file.Name));
        Assert.Equal(
            known.Order(StringComparer.Ordinal),
            Directory
                .EnumerateFiles(Repository.At("protos", "cluster", "v1"))
                .Select(file => Path.GetFileName(file)!)
                .Order(StringComparer.Ordinal)
        );
    }

    private static Google.Protobuf.Collections.RepeatedField<FieldBehavior> BehaviorOf(FieldDescriptor field) =>
        field.GetOptions()?.GetExtension(FieldBehaviorExtensions.FieldBehavior) ?? [];
}
