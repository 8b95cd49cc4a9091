using System.Reflection;
using Google.Protobuf.Reflection;
using Grpc.AspNetCore.Server;
using Grpc.Core;
using Grpc.Reflection.V1;
using Microsoft.AspNetCore.Routing;

namespace Grpc.Reflection.Internal;

/// <summary>The services of an application's endpoints, and which file declares what.</summary>
internal sealed class DescriptorIndex
{
    private readonly List<string> _services = [];
    private readonly Dictionary<string, FileDescriptor> _byName = new(StringComparer.Ordinal);
    private readonly Dictionary<string, FileDescriptor> _bySymbol = new(StringComparer.Ordinal);

    /// <summary>A service without generated code has no descriptor, and is left out.</summary>
    public DescriptorIndex(EndpointDataSource endpoints)
    {
        var types = endpoints.Endpoints
            .Select(endpoint => endpoint.Metadata.GetMetadata<GrpcMethodMetadata>()?.ServiceType)
            .OfType<Type>()
            .Distinct();
        foreach (var service in types.Select(DescriptorOf).OfType<ServiceDescriptor>())
        {
            _services.Add(service.FullName);
            Add(service.File);
        }
    }

    public ServerReflectionResponse Answer(ServerReflectionRequest request) => request.MessageRequestCase switch
    {
        ServerReflectionRequest.MessageRequestOneofCase.ListServices => Services(request),
        ServerReflectionRequest.MessageRequestOneofCase.FileByFilename =>
            File(request, _byName.GetValueOrDefault(request.FileByFilename), "File not found."),
        ServerReflectionRequest.MessageRequestOneofCase.FileContainingSymbol =>
            File(request, _bySymbol.GetValueOrDefault(request.FileContainingSymbol), "Symbol not found."),
        _ => Error(request, StatusCode.Unimplemented, "Request type not supported by C# reflection service."),
    };

    private static ServiceDescriptor? DescriptorOf(Type serviceType)
    {
        for (var type = serviceType; type is not null; type = type.BaseType)
        {
            if (type.GetCustomAttribute<BindServiceMethodAttribute>(inherit: false) is { } attribute)
            {
                return attribute.BindType
                    .GetProperty("Descriptor", BindingFlags.Public | BindingFlags.Static, null, typeof(ServiceDescriptor), [], null)
                    ?.GetValue(null) as ServiceDescriptor;
            }
        }
        return null;
    }

    private static ServerReflectionResponse File(ServerReflectionRequest request, FileDescriptor? file, string otherwise)
    {
        if (file is null)
            return Error(request, StatusCode.NotFound, otherwise);
        var files = new HashSet<FileDescriptor>();
        Gather(file, files);
        var found = new FileDescriptorResponse();
        found.FileDescriptorProto.Add(files.Select(each => each.SerializedData));
        return new ServerReflectionResponse { ValidHost = request.Host, OriginalRequest = request, FileDescriptorResponse = found };
    }

    private static ServerReflectionResponse Error(ServerReflectionRequest request, StatusCode code, string message) => new()
    {
        ValidHost = request.Host,
        OriginalRequest = request,
        ErrorResponse = new ErrorResponse { ErrorCode = (int)code, ErrorMessage = message },
    };

    private static void Gather(FileDescriptor file, HashSet<FileDescriptor> files)
    {
        if (!files.Add(file))
            return;
        foreach (var imported in file.Dependencies)
            Gather(imported, files);
    }

    private ServerReflectionResponse Services(ServerReflectionRequest request)
    {
        var list = new ListServiceResponse();
        list.Service.Add(_services.Select(name => new ServiceResponse { Name = name }));
        return new ServerReflectionResponse { ValidHost = request.Host, OriginalRequest = request, ListServicesResponse = list };
    }

    private void Add(FileDescriptor file)
    {
        if (!_byName.TryAdd(file.Name, file))
            return;
        foreach (var imported in file.Dependencies)
            Add(imported);
        foreach (var service in file.Services)
        {
            _bySymbol[service.FullName] = file;
            foreach (var method in service.Methods)
                _bySymbol[method.FullName] = file;
        }
        foreach (var type in file.EnumTypes)
            _bySymbol[type.FullName] = file;
        foreach (var message in file.MessageTypes)
            Add(message);
    }

    private void Add(MessageDescriptor message)
    {
        _bySymbol[message.FullName] = message.File;
        foreach (var type in message.EnumTypes)
            _bySymbol[type.FullName] = message.File;
        foreach (var nested in message.NestedTypes)
            Add(nested);
    }
}
